/** Tables can be sorted by their heads, and filtered where the page has a field for it. */
export function prepareTables(): void {
  for (const table of document.querySelectorAll('table')) prepareSorting(table)
  for (const field of document.querySelectorAll<HTMLInputElement>('input[data-filter]')) prepareFilter(field)
}

function prepareSorting(table: HTMLTableElement): void {
  for (const [column, head] of [...table.querySelectorAll('thead th')].entries()) {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = head.textContent
    head.replaceChildren(button)
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') === 'ascending'
      for (const other of table.querySelectorAll('thead th')) other.removeAttribute('aria-sort')
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
      sortRows(table, column, descending)
    })
  }
}

function sortRows(table: HTMLTableElement, column: number, descending: boolean): void {
  const body = table.tBodies[0]
  if (body === undefined) return
  const rows = [...body.rows].map(row => ({ row, key: keyOf(row.cells[column]) }))
  rows.sort((a, b) => (descending ? compared(b.key, a.key) : compared(a.key, b.key)))
  body.append(...rows.map(({ row }) => row))
}

function keyOf(cell: HTMLTableCellElement | undefined): number | string {
  const order = cell?.dataset['order']
  return order === undefined ? (cell?.textContent ?? '') : Number(order)
}

function compared(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b), 'en', { numeric: true })
}

function prepareFilter(field: HTMLInputElement): void {
  const table = document.getElementById(field.dataset['filter'] ?? '')
  const shown = document.getElementById(`${field.dataset['filter']}-shown`)
  if (!(table instanceof HTMLTableElement)) return
  field.addEventListener('input', () => {
    const wanted = field.value.toLowerCase()
    const rows = [...(table.tBodies[0]?.rows ?? [])]
    for (const row of rows) row.hidden = !(row.textContent ?? '').toLowerCase().includes(wanted)
    const count = rows.filter(row => !row.hidden).length
    if (shown !== null) shown.textContent = wanted === '' ? '' : `${count} of ${rows.length} rows`
  })
}
