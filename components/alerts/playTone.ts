import { systemClock } from '../../lib/primitives/clock.ts'
import { TONES } from './notifyRules.ts'

const LOUDNESS = 0.12
let audio: AudioContext | null = null

/** Plays the tone of a severity; false when the browser does not let the page sound before it was pressed once. */
export function playTone(severity: keyof typeof TONES): boolean {
  audio ??= new AudioContext()
  void audio.resume()
  if (audio.state !== 'running' && !navigator.userActivation.hasBeenActive) return false
  const context = audio
  for (const { atMs, hz, ms } of TONES[severity]) {
    systemClock.after(atMs, () => {
      const [tone, volume] = [context.createOscillator(), context.createGain()]
      tone.frequency.value = hz
      volume.gain.setValueAtTime(LOUDNESS, context.currentTime)
      // Fading instead of cutting: a cut clicks.
      volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + ms / 1_000)
      tone.connect(volume).connect(context.destination)
      tone.start()
      tone.stop(context.currentTime + ms / 1_000)
    })
  }
  return true
}
