import * as v from 'valibot'
import { field } from '../../model/settings.ts'

/** Variables that change which code a program runs; the loader's, shells' and interpreters'. */
const STEERING =
  /^(PATH|IFS|ENV|BASH_.*|SHELLOPTS|LD_.*|DYLD_.*|GCONV_PATH|NODE_.*|BUN_.*|DENO_.*|PYTHON.*|PERL.*|RUBY.*|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|LUA_.*|PHPRC|PHP_INI_SCAN_DIR)$/
const LONGEST_VALUE = 32_768

const path = v.pipe(
  v.string('must be text'),
  v.regex(/^\/[^\0]*$/, 'must be a whole path such as /usr/local/bin/page'),
  v.maxLength(1000, 'must be at most 1000 characters'),
)
const argument = v.pipe(
  v.string('must be text'),
  v.regex(/^[^\0]*$/, 'must not hold a NUL character'),
  v.maxLength(10_000, 'must be at most 10000 characters'),
)
const variables = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be named by letters, digits and underscores'),
      v.check((name) => !name.startsWith('TOCSIN_'), 'is set by Tocsin itself; choose a name without TOCSIN_'),
      v.check((name) => !STEERING.test(name), 'would change what the program runs; set it inside a script instead'),
    ),
    v.pipe(v.string('must be text'), v.maxLength(LONGEST_VALUE, `must be at most ${LONGEST_VALUE} characters`)),
    'must be an object of names and values',
  ),
  v.check((all) => Object.keys(all).length <= 50, 'must be at most 50 variables'),
)

/** Which program is started, and what it finds in its environment. */
export const shellSettings = v.pipe(
  v.strictObject({
    command: v.pipe(
      v.optional(
        v.pipe(
          v.array(argument, 'must be a list: the program and its arguments'),
          v.minLength(1, 'must name a program'),
          v.maxLength(100, 'must be at most 100 parts'),
          v.check(([program = '']) => program.startsWith('/'), 'must begin with a whole path such as /usr/bin/logger'),
        ),
      ),
      field({
        title: 'Command',
        hint: 'The program by its whole path, and its arguments, one a line. No shell reads them, and messages never change them.',
        fixed: true,
        multiline: true,
      }),
    ),
    script: v.pipe(
      v.optional(path),
      field({
        title: 'Script file',
        hint: 'Instead of a command: a file that may be executed and names its interpreter in the first line.',
        fixed: true,
      }),
    ),
    environment: v.pipe(
      v.optional(variables, {}),
      field({ title: 'Environment', hint: 'Variables the program gets. In a route their values may be templates.' }),
    ),
    secretEnvironment: v.pipe(
      v.optional(variables),
      field({
        title: 'Secret environment',
        hint: 'Variables whose values are kept sealed, such as tokens.',
        secret: true,
      }),
    ),
    timeoutSeconds: v.pipe(
      v.optional(
        v.pipe(
          v.number('must be a number of seconds'),
          v.minValue(1, 'must be 1 second at least'),
          v.maxValue(120, 'must be 120 seconds at most'),
        ),
        20,
      ),
      field({
        title: 'Timeout',
        hint: 'Seconds after which the program and all it started are ended.',
      }),
    ),
  }),
  v.forward(
    v.check(
      ({ command, script }) => (command === undefined) !== (script === undefined),
      'give either a command or a script',
    ),
    ['command'],
  ),
)

export type ShellSettings = v.InferOutput<typeof shellSettings>

/** The program and its arguments. */
export function argvOf({ command, script }: Pick<ShellSettings, 'command' | 'script'>): string[] {
  return command ?? (script === undefined ? [] : [script])
}
