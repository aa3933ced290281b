import { type MlrunNotification, type MlrunOwner, mlrunSeverities } from '../../model/mlrun.ts'
import { allPhases, type Route, type RunRuleDefinition } from '../../model/rule.ts'
import { isState } from './notification.ts'

const LONGEST_NAME = 200
const LONGEST_DESCRIPTION = 5000

/**
 * The rule that does what a notification says, for one run or for the runs of a schedule. `mark` tells it from all others
 * where its name cannot.
 */
export function mlrunRule(
  owner: MlrunOwner,
  notification: MlrunNotification,
  channel: Route['channel'],
  mark: string,
): RunRuleDefinition {
  const { condition, message, severity } = notification
  const when = [...new Set(notification.when.filter(isState))]
  const scope = owner.kind === 'run' ? { uid: owner.name } : { schedule: owner.name }
  return {
    name: ruleName(owner, notification, mark),
    description: message.slice(0, LONGEST_DESCRIPTION),
    tags: ['mlrun'],
    remindEvery: '0s',
    resolve: false,
    suppressionMinutes: 0,
    message: { engine: 'liquid', title: '', summary: '', paragraphs: [], links: [] },
    // Without a state to tell of it never does anything; a rule must have one.
    paused: when.length === 0,
    runs: { name: '*', labels: {}, ...scope },
    when: when.length === 0 ? ['completed'] : when,
    ...(condition === '' ? {} : { condition: { dialect: 'jinja' as const, text: condition } }),
    severity: mlrunSeverities[severity ?? 'info'],
    policy: 'mlrun',
    onConditionError: 'send',
    routes: channel === null ? [] : [{ channel, settings: {}, when: [...allPhases], each: false }],
  }
}

/** A name that is the rule's alone, with the mark where it must be cut or cleaned. */
function ruleName(owner: MlrunOwner, { name, kind }: MlrunNotification, mark: string): string {
  const whole = `${name === '' ? kind : name} · ${owner.kind} ${owner.name}`
  const clean = whole.replace(/\p{Cc}/gu, ' ').trim()
  if (clean === whole && clean.length <= LONGEST_NAME && name !== '') return clean
  return `${clean.slice(0, LONGEST_NAME - mark.length - 1)} ${mark}`
}
