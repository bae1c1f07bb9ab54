import { type Html, html } from './html.ts'

/** A column of a table in the page. */
export interface PageColumn<Row> {
  readonly head: string
  /** Numbers are set flush right in figures of one width. */
  readonly number?: boolean
  readonly cell: (row: Row) => Html | string | number
  /** What rows are sorted by where the cell's text would sort differently. */
  readonly order?: (row: Row) => number
  /** `bad`, `warn`, `good`. */
  readonly tone?: (row: Row) => string | null
}

export interface PageTable<Row> {
  readonly id: string
  readonly caption: string
  readonly rows: readonly Row[]
  readonly columns: readonly PageColumn<Row>[]
}

/** The first column names the row. */
export function tableHtml<Row>({ id, caption, rows, columns }: PageTable<Row>): Html {
  const heads = columns.map(
    ({ head, number }) => html`<th scope="col"${number === true ? html` class="number"` : ''}>${head}</th>`,
  )
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table id="${id}">
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows.map(row => html`<tr>${columns.map((column, at) => cellHtml(column, row, at === 0))}</tr>\n`)}</tbody>
</table></div>`
}

function cellHtml<Row>({ number, cell, order, tone }: PageColumn<Row>, row: Row, isName: boolean): Html {
  const classes = [number === true && 'number', tone?.(row)].filter(Boolean).join(' ')
  const attributes = [
    classes === '' ? '' : html` class="${classes}"`,
    order === undefined ? '' : html` data-order="${order(row)}"`,
  ]
  return isName
    ? html`<th scope="row"${attributes}>${cell(row)}</th>`
    : html`<td${attributes}>${cell(row)}</td>`
}
