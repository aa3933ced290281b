import type { Message } from '../types.ts'
import { Facts, Text } from './basics.tsx'
import { DataRows } from './table.tsx'

/** A message as it is, before any channel gave it its form. */
export function MessageView({ message }: { message: Message }) {
  const { title, severity, kind, summary, paragraphs, facts, table, code, links, why, traceUrl, body } = message
  return (
    <div class="message">
      <p>
        <strong>
          <Text>{title}</Text>
        </strong>{' '}
        <small>
          {kind}, {severity}
        </small>
      </p>
      {[summary, ...paragraphs]
        .filter((text) => text !== '')
        .map((text) => (
          <p key={text}>
            <Text>{text}</Text>
          </p>
        ))}
      {facts.length === 0 ? null : <Facts of={facts.map(({ name, value }) => [name, value])} />}
      {table === undefined ? null : (
        <DataRows
          columns={table.columns.map((name) => ({ name }))}
          rows={table.rows}
          {...(table.more > 0 ? { more: `And ${table.more} more.` } : {})}
        />
      )}
      {code === undefined ? null : (
        <pre>
          <Text>{code}</Text>
        </pre>
      )}
      {links.map(({ text, url }) => (
        <p key={url}>
          <WebLink url={url}>{text}</WebLink>
        </p>
      ))}
      <p class="muted">
        <Text>{why}</Text> {traceUrl === undefined ? null : <WebLink url={traceUrl}>Trace</WebLink>}
      </p>
      {body === undefined ? null : <Raw label={`Own body (${body.contentType})`} text={body.text} />}
    </div>
  )
}

/** Only what leads to a web page becomes a link. */
export function WebLink({ url, children }: { url: string; children: string }) {
  if (!/^https?:\/\//i.test(url)) return <Text>{`${children} (${url})`}</Text>
  return (
    <a href={url} rel="noreferrer" target="_blank">
      <Text>{children}</Text>
    </a>
  )
}

/** What a channel makes of a message, byte by byte. */
export function Raw({ label, text }: { label: string; text: string }) {
  return (
    <details>
      <summary>{label}</summary>
      <pre>
        <Text>{text}</Text>
      </pre>
    </details>
  )
}

/** A rendered payload as text. */
export function payloadText(rendered: unknown): string {
  if (typeof rendered === 'string') return rendered
  if (typeof rendered === 'object' && rendered !== null && 'body' in rendered && typeof rendered.body === 'string')
    return indented(rendered.body)
  return JSON.stringify(rendered, null, 2)
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
