// needs: base/panel.js
//
// A row for each chunk. For a long stream, only the first and last rows are drawn, so that the page
// stays fast; the table shows how many rows are left out between them.

const FIRST_ROWS = 200;
const LAST_ROWS = 100;
const COLUMNS = [
  ["number", "chunk"],
  ["at", "seconds"],
  ["text", "text"],
  ["reasoning", "reasoning"],
  ["tool", "tool call"],
  ["finish", "finish reason"],
  ["usage", "tokens"],
];

function render({ model, el }) {
  const box = makeScrollable(make("div", "course-chunks"), "region", model.get("label"));
  const table = make("table");
  const heading = table.createTHead().insertRow();
  for (const [column, words] of COLUMNS) {
    const cell = make("th", `course-col-${column}`, words);
    cell.scope = "col";
    heading.append(cell);
  }
  const [first, gap, last] = [0, 1, 2].map(() => table.appendChild(make("tbody")));
  const skipped = gap.insertRow().insertCell();
  skipped.className = "course-skipped";
  skipped.colSpan = COLUMNS.length;
  box.append(table);
  const endClock = drawPanel(model, el, box);

  function add(row, place) {
    const body = place < FIRST_ROWS ? first : last;
    const line = body.insertRow();
    if (row.empty) line.className = "course-empty";
    for (const [column] of COLUMNS) {
      const cell = line.insertCell();
      cell.className = `course-col-${column}`;
      cell.dir = "auto";
      cell.textContent = column === "number" ? place + 1 : (row[column] ?? "");
      if (column === "text" && row.empty) cell.append(make("span", "course-label", row.empty));
    }
  }

  onItems(model, (rows, from) =>
    keepAtEnd(box, () => {
      if (from === 0) {
        table.className = "";
        for (const body of [first, last]) body.replaceChildren();
      }
      for (let place = from; place < rows.length; place += 1) {
        for (const [column] of COLUMNS) {
          if (rows[place][column]) table.classList.add(`course-has-${column}`); // shows the column
        }
        if (place < FIRST_ROWS || place >= rows.length - LAST_ROWS) add(rows[place], place);
      }
      while (last.rows.length > LAST_ROWS) last.deleteRow(0);
      const hidden = rows.length - FIRST_ROWS - LAST_ROWS;
      gap.hidden = hidden <= 0;
      skipped.textContent =
        `${hidden.toLocaleString("en")} more chunks are not shown here; the list has them all.`;
    }),
  );
  return endClock;
}

export default patched({ initialize: initializePanel, render });
