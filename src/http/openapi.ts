import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { draftTest, sendRequest, testRequest } from '../manage/channel-sends.ts'
import { channelEdit, newChannel } from '../manage/channels.ts'
import { connectionEdit, newConnection } from '../manage/connections.ts'
import { bulkRequest } from '../manage/deliveries.ts'
import { importRequest } from '../manage/import.ts'
import { localReport } from '../manage/local-deliveries.ts'
import { newPing } from '../manage/pings.ts'
import { secretsRequest } from '../manage/project-secrets.ts'
import { sampleRequest } from '../manage/sample.ts'
import { signInRequest } from '../manage/sessions.ts'
import { conditionTrial, queryTrial, scheduleTrial } from '../manage/trials.ts'
import { variablesRequest } from '../manage/variables.ts'
import { mlrunNotification } from '../model/mlrun.ts'
import { ruleDefinition } from '../model/rule.ts'
import { projectEvent, runEvent } from '../model/run-event.ts'
import { build } from '../version.ts'
import { sessionCookies } from './auth.ts'
import { readRequest } from './routes/inbox.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
/** `body` names a schema; one with a question mark may be left out. */
type Route = readonly [method: Method, path: string, summary: string, body?: string]

const bodies = {
  NewConnection: newConnection,
  ConnectionEdit: connectionEdit,
  NewChannel: newChannel,
  ChannelEdit: channelEdit,
  SendRequest: sendRequest,
  TestRequest: testRequest,
  DraftTest: draftTest,
  Rule: ruleDefinition,
  NewPing: newPing,
  RunEvent: runEvent,
  RunEvents: v.union([v.array(projectEvent), v.strictObject({ events: v.array(projectEvent) })]),
  Notifications: v.object({ notifications: v.array(mlrunNotification) }),
  Secrets: secretsRequest,
  BulkRequest: bulkRequest,
  LocalReport: localReport,
  ReadRequest: readRequest,
  ImportRequest: importRequest,
  VariablesRequest: variablesRequest,
  QueryTrial: queryTrial,
  ConditionTrial: conditionTrial,
  ScheduleTrial: scheduleTrial,
  SampleRequest: sampleRequest,
  SignIn: signInRequest,
} satisfies Record<string, v.GenericSchema>

/** Every route of a project; those of `default` are also at `/api/v1` itself. */
export const routes: readonly Route[] = [
  ['get', '/kinds', 'Kinds of connections and channels, with the settings each takes'],
  ['get', '/connections', 'List connections'],
  ['post', '/connections', 'Create a connection', 'NewConnection'],
  ['get', '/connections/{id}', 'Read a connection'],
  ['put', '/connections/{id}', 'Change a connection', 'ConnectionEdit'],
  ['patch', '/connections/{id}', 'Change a connection', 'ConnectionEdit'],
  ['delete', '/connections/{id}', 'Remove a connection'],
  ['post', '/connections/{id}/check', 'Connect and tell what was found'],
  ['post', '/connections/{id}/query', 'Try a query on real rows', 'QueryTrial'],
  ['get', '/channels', 'List channels'],
  ['post', '/channels', 'Create a channel', 'NewChannel'],
  ['get', '/channels/{id}', 'Read a channel'],
  ['put', '/channels/{id}', 'Change a channel', 'ChannelEdit'],
  ['patch', '/channels/{id}', 'Change a channel', 'ChannelEdit'],
  ['delete', '/channels/{id}', 'Remove a channel'],
  ['post', '/channels/{id}/enable', 'Send through it again'],
  ['post', '/channels/{id}/disable', 'Send nothing through it'],
  ['post', '/channels/{id}/send', 'Send a message; with ?wait=true answer what the receiver said', 'SendRequest'],
  ['post', '/channels/{id}/test', 'Send a test message; with ?wait=true answer what the receiver said', 'TestRequest?'],
  ['post', '/channels/test', 'Send a test message through a channel that is not stored', 'DraftTest'],
  ['get', '/rules', 'List rules'],
  ['post', '/rules', 'Create a rule', 'Rule'],
  ['post', '/rules/preview', 'Try a rule without storing it', 'Rule'],
  ['get', '/rules/{id}', 'Read a rule'],
  ['put', '/rules/{id}', 'Replace a rule; the body also names the version that was read', 'Rule'],
  ['patch', '/rules/{id}', 'Change parts of a rule; the body also names the version that was read'],
  ['delete', '/rules/{id}', 'Remove a rule'],
  ['post', '/rules/{id}/pause', 'Stop running it'],
  ['post', '/rules/{id}/resume', 'Run it again'],
  ['post', '/rules/{id}/run', 'Evaluate it now'],
  ['post', '/rules/{id}/preview', 'Try it without storing or sending anything'],
  ['get', '/rules/{id}/evaluations', 'List its evaluations, newest first'],
  ['get', '/rules/{id}/values', 'What it measured over time, and the thresholds of its condition'],
  ['get', '/pings', 'List ping addresses'],
  ['post', '/pings', 'Make a ping address; its key is shown this once', 'NewPing'],
  ['delete', '/pings/{id}', 'Remove a ping address'],
  ['get', '/runs', 'List runs, newest first'],
  ['post', '/runs/events', 'Tell of many runs at once', 'RunEvents'],
  ['get', '/runs/{uid}', 'Read a run with what rules made of it'],
  ['get', '/variables', 'List the variables for conditions and messages about runs'],
  ['put', '/variables', 'Replace them', 'VariablesRequest'],
  ['put', '/runs/{uid}', 'Tell of a run; answers with the run', 'RunEvent'],
  ['get', '/runs/{uid}/reportersStates', 'What every rule on runs did for a run, as Dataiku tells it'],
  ['post', '/runs/{uid}/events', 'Tell of a run: one event, or several', 'RunEvent'],
  ['get', '/runs/{uid}/notifications', 'The MLRun notifications of a run with what became of them'],
  ['put', '/runs/{uid}/notifications', 'Replace them all; [] clears them', 'Notifications'],
  ['post', '/runs/{uid}/push-notifications', 'Send those that are due for where the run stands'],
  ['get', '/schedules/{name}/notifications', 'The MLRun notifications of a schedule'],
  ['put', '/schedules/{name}/notifications', 'Replace them all, for its next runs; [] clears them', 'Notifications'],
  ['get', '/secrets', 'List the names of the secrets of the project'],
  ['post', '/secrets', 'Set secrets of the project by name', 'Secrets'],
  ['delete', '/secrets/{name}', 'Remove a secret of the project'],
  ['get', '/evaluations', 'List evaluations, newest first'],
  ['get', '/evaluations/{id}', 'Read an evaluation with its decision trace'],
  ['get', '/alerts', 'List alerts'],
  ['get', '/deliveries', 'List deliveries, newest first'],
  ['post', '/deliveries/bulk', 'Retry or discard many', 'BulkRequest'],
  ['post', '/deliveries/local', 'Tell of messages that a client sent by itself', 'LocalReport'],
  ['get', '/deliveries/{id}', 'Read a delivery with its attempts'],
  ['post', '/deliveries/{id}/retry', 'Send it again, or now'],
  ['post', '/deliveries/{id}/discard', 'Give it up'],
  ['get', '/inbox', 'List messages of the inbox, newest first, with the number of unread ones'],
  ['post', '/inbox/read', 'Mark messages as read: those named, or all up to one, or all', 'ReadRequest'],
  ['get', '/inbox/{id}', 'Read a message of the inbox'],
  ['post', '/inbox/{id}/read', 'Mark a message as read'],
  ['post', '/inbox/{id}/unread', 'Mark a message as unread again'],
  ['post', '/import/vianops', 'Plan an import of VIANOPS notifications, or do it', 'ImportRequest'],
  ['post', '/import/mlrun', 'Plan to take over MLRun notifications, or do it', 'Notifications'],
  ['get', '/export/vianops', 'Give imported notifications back'],
  ['post', '/import/dataiku', "Plan an import of Dataiku's channels and reporters, or do it", 'ImportRequest'],
  ['get', '/export/dataiku', 'Give imported reporters back'],
  ['post', '/trials/condition', 'Try a condition on given rows', 'ConditionTrial'],
  ['post', '/trials/schedule', 'A schedule in words, and its next times', 'ScheduleTrial'],
  ['get', '/overview', 'What fires, what is in trouble and what waits'],
  ['get', '/events', 'What changes, as server-sent events'],
  ['get', '/sample', 'The sample, if there is one'],
  ['post', '/sample', 'Make a sample database with rules on it', 'SampleRequest'],
  ['delete', '/sample', 'Remove the sample'],
  [
    'get',
    '/explain/{id}',
    'Why a rule, run, evaluation or delivery did or did not send; ?about=run takes the id as that of a run',
  ],
]

/** Routes of the instance as a whole. */
const instanceRoutes: readonly Route[] = [
  ['post', '/session', 'Sign in: a token is turned into a cookie that only the browser holds', 'SignIn'],
  ['get', '/session', 'Who one is'],
  ['get', '/status', 'How the whole instance stands'],
  ['get', '/kinds', 'Kinds of connections and channels with their settings'],
  ['get', '/projects', 'Names of the projects one may see'],
  ['delete', '/session', 'Sign out'],
]

/** The description of the API, made of the schemas that check its requests. */
export function openApi() {
  const paths: Record<string, Record<string, unknown>> = {}
  const placed = [
    ...routes.map((route) => [`/api/v1/projects/{project}${route[1]}`, route] as const),
    ...instanceRoutes.map((route) => [`/api/v1${route[1]}`, route] as const),
  ]
  for (const [path, route] of placed) paths[path] = { ...paths[path], [route[0]]: operation(path, route) }
  const schemas = Object.entries(bodies).map(([name, schema]) => {
    const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' })
    return [name, rest] as const
  })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tocsin',
      version: build.version,
      description: 'What is said of a project holds for /api/v1 itself too, which is the project "default".',
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: sessionCookies.secure },
      },
      schemas: { ...Object.fromEntries(schemas), Error: failure },
    },
    security: [{ token: [] }, { session: [] }],
  }
}

function operation(path: string, [, , summary, body]: Route) {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const name = body?.replace('?', '')
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }
  return {
    summary,
    parameters,
    ...(body === undefined ? {} : { requestBody: { required: name === body, content } }),
    responses: responses(),
  }
}

function responses() {
  const refused = {
    description: 'Refused',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  }
  return { '2XX': { description: 'Done' }, '4XX': refused, '5XX': refused }
}

const text = { type: 'string' }
const failure = {
  type: 'object',
  required: ['code', 'message', 'issues'],
  properties: {
    code: text,
    message: text,
    issues: {
      type: 'array',
      items: { type: 'object', required: ['path', 'message'], properties: { path: text, message: text } },
    },
    current: { description: 'The stored object, where an edit came too late' },
  },
}
