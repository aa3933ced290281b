import { composeRunMessage } from '../compose/compose.ts'
import type { RunComposeInput } from '../compose/run-variables.ts'
import type { Reason } from '../model/reason.ts'
import { deliveryBy, type Outlet, type Written, writeShares } from './written.ts'

/** Why a message about a run goes out, and what keeps it in order with others. */
interface Errand {
  reason: Reason
  fingerprint: string
}

/** The message about a run for one route, or one for each recipient. Never fails. */
export function writeRunMessages(input: RunComposeInput, outlet: Outlet, errand: Errand): Promise<Written[]> {
  const { rule, kind, evaluationId } = input
  const { way, at } = outlet
  const route = way.view.key
  const fingerprints = [errand.fingerprint]
  return writeShares(outlet, {
    compose: (recipient) => composeRunMessage(recipient === undefined ? input : { ...input, recipient }),
    write(id, { message, settings, errors }) {
      const isBroken = errors.length > 0
      const reason: Reason = isBroken ? { code: 'template-error', detail: errors.join('; ') } : errand.reason
      return {
        delivery: { ...deliveryBy(rule, outlet, settings), id, evaluationId, fingerprints, kind, message },
        decision: { route, channel: way.channel, fingerprints, reason, deliveryId: id },
        told: [{ route, fingerprint: errand.fingerprint, deliveryId: id, sequence: at }],
      }
    },
  })
}
