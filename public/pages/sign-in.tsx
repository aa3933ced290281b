import { useState } from 'preact/hooks'
import { session } from '../api.ts'
import { Page } from '../parts/basics.tsx'
import { Field, Form } from '../parts/form.tsx'
import type { TokenHolder } from '../types.ts'

export function SignInPage({ onSignedIn }: { onSignedIn: (holder: TokenHolder) => void }) {
  const [token, setToken] = useState('')
  return (
    <div class="sign-in">
      <Page title="Tocsin">
        <Form button="Sign in" save={async () => onSignedIn(await session<TokenHolder>('POST', { token }))}>
          <Field label="API token" path="token" type="password" required value={token} set={setToken} />
        </Form>
        <p class="muted">
          Where Tocsin runs, this makes one:
          <br />
          <code>tocsin token create --data-dir … --name me --role admin</code>
        </p>
      </Page>
    </div>
  )
}
