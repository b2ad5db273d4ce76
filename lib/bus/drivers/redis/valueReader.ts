/*
 * valueReader: one plain reply (to AUTH, PING, XINFO, TYPE and their like) out of the window, as far as it is there.
 * In: a window. Out: the reply, an error Redis answered, or undefined while more bytes must come.
 * Invariant: bounded whatever the server sends: a string over 4 KB is let by and reads as empty (XINFO carries two whole entries,
 * and only their ids are wanted); a list that is too long or too deep ends the connection.
 * Source: docs/bus.md "connection profile".
 */
import type { RedisReply } from './redisConnection.ts'
import { broken, refusal, RESP, type ReplyWindow } from './replyWindow.ts'

const MAX_STRING_BYTES = 4_096
const MAX_LIST = 65_536
const MAX_DEPTH = 8
const EMPTY = Buffer.alloc(0)

export type ValueReader = () => RedisReply | Error | undefined

/** Creates the reader of a window; each call goes on where the last one stopped. @throws on what is no RESP2 */
export function createValueReader(window: ReplyWindow): ValueReader {
  const lists: { readonly items: RedisReply[]; left: number }[] = []

  /** Puts a value where it belongs; answers the reply when that made it whole. */
  const add = (value: RedisReply): RedisReply | undefined => {
    let whole = value
    for (let list = lists.at(-1); list !== undefined; list = lists.at(-1)) {
      list.items.push(whole)
      list.left -= 1
      if (list.left > 0) return undefined
      lists.pop()
      whole = list.items
    }
    return whole
  }

  const open = (items: number): undefined => {
    if (items > MAX_LIST || lists.length >= MAX_DEPTH) throw broken(`a list of ${items}, ${lists.length} deep`)
    lists.push({ items: [], left: items })
  }

  const takeText = (bytes: number): Buffer => {
    const text = Buffer.from(window.bytes.subarray(window.start, window.start + bytes))
    window.start += bytes + 2
    return text
  }

  /** Reads one `:`, `$` or `*` element; undefined when it opened a list, is let by or is not all there. */
  const readCounted = (kind: number): RedisReply | undefined => {
    const number = window.number(window.start + 1)
    if (window.next < 0) return undefined
    const isText = kind === RESP.dollar && number >= 0
    if (isText && number <= MAX_STRING_BYTES && window.next + number + 2 > window.end) {
      window.need = window.next + number + 2
      window.next = -1
      return undefined
    }
    window.start = window.next
    if (kind === RESP.colon) return add(number)
    if (number < 0) return add(null)
    if (kind === RESP.star) return number === 0 ? add([]) : open(number)
    if (number <= MAX_STRING_BYTES) return add(takeText(number))
    window.skipBytes = number + 2
    return undefined
  }

  return () => {
    while (window.start < window.end) {
      let whole: RedisReply | undefined
      const kind = window.bytes[window.start] as number
      if (window.skipBytes > 0) {
        if (!window.skip()) return undefined
        whole = add(EMPTY)
      } else if (kind === RESP.plus || kind === RESP.minus) {
        const line = window.takeLine()
        if (line === null) return undefined
        if (kind === RESP.minus && lists.length === 0) return refusal(line)
        whole = add(line)
      } else if (kind === RESP.colon || kind === RESP.dollar || kind === RESP.star) {
        whole = readCounted(kind)
        if (whole === undefined && window.next < 0) return undefined
      } else throw broken(`byte ${kind} where a value begins`)
      if (whole !== undefined) return whole
    }
    return undefined
  }
}
