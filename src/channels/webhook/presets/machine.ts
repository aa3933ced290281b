import { postableAlerts, webhookMessage } from '../alertmanager.ts'
import type { Preset } from './preset.ts'

/** Of programs. */
export const machinePresets = {
  form: {
    label: 'Form fields',
    documentation: 'https://url.spec.whatwg.org/#application/x-www-form-urlencoded',
    text: 'plain',
    encoding: 'form',
    body: {
      type: { put: 'type' },
      severity: { put: 'severity' },
      title: { put: 'title', most: 500 },
      text: { put: 'text', most: 10_000, without: ['why'] },
      rule: { put: 'rule' },
      why: { put: 'why', most: 500 },
      time: { put: 'time' },
      url: { put: 'link' },
    },
  },
  alertmanager: {
    label: 'Alertmanager webhook',
    documentation: 'https://prometheus.io/docs/alerting/latest/configuration/#webhook_config',
    text: 'plain',
    body: webhookMessage,
  },
  'alertmanager-alerts': {
    label: 'Alertmanager itself',
    documentation: 'https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml',
    text: 'plain',
    body: postableAlerts,
    address: { path: '/api/v2/alerts' },
  },
} as const satisfies Record<string, Preset>
