// A real ClickHouse server for tests, from the library inside the npm package @chdb/lib-linux-x64-gnu:
//   bun clickhouse.ts LIBCHDB.SO HTTP_PORT DATA_DIR [more options of `clickhouse local`]
// It ends when its standard input closes.
import { dlopen, FFIType, ptr } from 'bun:ffi'

const [library = '', port = '', data = '', ...more] = process.argv.slice(2)
const { symbols } = dlopen(library, {
  chdb_query_cmdline: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.ptr },
  chdb_result_error: { args: [FFIType.ptr], returns: FFIType.cstring },
})
const sql = "SYSTEM START LISTEN HTTP; SELECT count() FROM file('/dev/stdin', 'LineAsString') FORMAT Null"
const args = ['clickhouse', '--listen_host', '127.0.0.1', '--http_port', port, '--path', data, ...more, '--query', sql]
const strings = args.map((arg) => Buffer.from(`${arg}\0`))
const argv = new BigUint64Array([...strings.map((string) => BigInt(ptr(string))), 0n])
const error = symbols.chdb_result_error(symbols.chdb_query_cmdline(args.length, ptr(argv)))
if (error && String(error) !== 'null') throw new Error(String(error))
