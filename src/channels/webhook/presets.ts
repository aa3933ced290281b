import { chatPresets } from './presets/chat.ts'
import { machinePresets } from './presets/machine.ts'
import type { Preset } from './presets/preset.ts'
import { pushPresets } from './presets/push.ts'

/** Forms of message that receivers know, besides Tocsin's own event. */
export const presets = { ...machinePresets, ...chatPresets, ...pushPresets } satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as PresetName[]
