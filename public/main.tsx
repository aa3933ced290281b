import 'uplot/dist/uPlot.min.css'
import './style.css'
import { render } from 'preact'
import { Console } from './console.tsx'
import { applyTheme } from './theme.ts'

applyTheme()
const root = document.getElementById('console')
if (root !== null) render(<Console />, root)
