/* threadProtocol: what page and picture worker say to each other, over one port and in one order. */
import type { PictureNews, PictureOrder } from '../../lib/live/pictureLink.ts'
import type { PaintReport } from '../../lib/contracts/socketEvents.ts'
import type { StageOrder } from './heatmapStage.ts'

export type ThreadOrder =
  | PictureOrder
  | { readonly kind: 'canvas'; readonly id: number; readonly canvas: OffscreenCanvas }
  | { readonly kind: 'stage'; readonly id: number; readonly order: StageOrder }
  | { readonly kind: 'drop'; readonly id: number }

export type ThreadNews =
  | PictureNews
  | { readonly kind: 'drawn'; readonly id: number; readonly tookMs: number; readonly painted: PaintReport | null }
