import type { JsonObject } from '../../model/json.ts'
import type { Receipt, SendContext } from '../channel.ts'
import { answerText, requestOnce } from '../http.ts'
import { reaching } from '../http-settings.ts'
import { webhookFailure } from './refusal.ts'
import type { SlackSettings } from './settings.ts'

/** Posts to an incoming webhook. Throws `DeliveryError`. */
export async function postWebhook(
  content: JsonObject,
  settings: SlackSettings,
  { http, signal, now }: SendContext,
): Promise<Receipt> {
  const response = await requestOnce(http, {
    method: 'POST',
    url: settings.webhookUrl ?? '',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(content),
    signal,
    ...reaching(settings),
  })
  const failure = webhookFailure(response, now)
  if (failure !== null) throw failure
  return { response: answerText(response) }
}
