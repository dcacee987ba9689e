// needs: base/dom.js base/screen_reader.js base/synced_list.js
//
// A table with a body for each run and a row for each event name. The second cell of a row has a
// mark for each event. All rows share one time scale, whose axis is in the table footer.
//
// `widget.py` sends each event as [name, run, at, detail]; `at` is in seconds since the first event.

const EDGE = 0.012; // fraction of the axis left free at each end, so a mark at 0 s isn't clipped

// The first of these words that occurs in an event name, such as "error" in "on_llm_error", sets
// the colour of its marks (timeline.css). Events with none of these words are "delivered".
const KINDS = [["error", "failed"], ["start", "waiting"], ["end", "over"]];

// Returns the end of the axis and the distance between its ticks, both in seconds.
// (0.999 and 1e-6 allow for rounding errors.)
function scale(last) {
  const rough = Math.max(last, 0.05) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  return { step, end: Math.ceil(Math.max(last, 0.05) / step - 1e-6) * step };
}

// Returns a run's heading; if the run id is a UUID, the run number and the UUID's last characters.
function called(run, number) {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(run) ? `run ${number} (…${run.slice(-6)})` : run;
}

function render({ model, el }) {
  el.classList.add("course-live", "course-timeline");
  const head = make("div", "course-head");
  const size = make("div", "course-size");
  head.append(make("div", "course-title", model.get("title")), size);
  const table = make("table", "course-events");
  table.setAttribute("aria-label", model.get("title") || "Events");
  const pane = make("div", "course-pane");
  const hint = make("div", "course-note", "No events yet.");
  pane.append(table, hint);
  el.append(head, pane);

  let rows; // the results of `rowOf`, by run and event name
  let bodies; // each run's table body
  let axis; // the cell that contains the tick labels
  let last; // when the last event happened
  let drawnTo; // the end of the scale as drawn; 0 forces a redraw

  function reset() {
    [rows, bodies, last, drawnTo] = [new Map(), new Map(), 0, 0];
    table.replaceChildren();
    const foot = hideFromReaders(table.createTFoot().insertRow());
    foot.insertCell();
    axis = foot.insertCell();
    axis.className = "course-axis";
    foot.insertCell();
    foot.insertCell();
  }

  function bodyOf(run) {
    if (!bodies.has(run)) {
      const body = make("tbody");
      const heading = make("th", "course-run", called(run, bodies.size + 1) || "no run given");
      heading.colSpan = 4;
      heading.scope = "rowgroup";
      body.insertRow().append(heading);
      table.insertBefore(body, table.tFoot);
      bodies.set(run, body);
      table.classList.toggle("course-several", bodies.size > 1);
    }
    return bodies.get(run);
  }

  // Returns a row: the elements that change, its events' marks, and the latest detail.
  function rowOf(run, name) {
    const key = JSON.stringify([run, name]);
    if (!rows.has(key)) {
      const line = bodyOf(run).insertRow();
      line.dataset.kind = KINDS.find(([word]) => name.includes(word))?.[1] ?? "delivered";
      const heading = make("th", "course-name", name);
      heading.scope = "row";
      line.append(heading);
      const track = line.insertCell();
      track.className = "course-track";
      const [svg, grid, marks] = makePaths("course-grid", "course-marks");
      track.append(svg);
      const count = line.insertCell();
      count.className = "course-count";
      const detail = line.insertCell();
      detail.className = "course-detail";
      detail.dir = "auto";
      rows.set(key, { svg, grid, marks, count, detail, marked: [], latest: "" });
      drawnTo = 0; // the new row needs its grid lines
    }
    return rows.get(key);
  }

  // Fits the scale to the last event. The marks' coordinates are in seconds, so they don't change.
  function rescale() {
    const { step, end } = scale(last);
    if (end === drawnTo) return;
    drawnTo = end;
    const edge = end * EDGE;
    const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, place) => place * step);
    for (const { svg, grid } of rows.values()) {
      svg.setAttribute("viewBox", `${-edge} 0 ${end + 2 * edge} 1`);
      grid.setAttribute("d", ticks.map((at) => `M${at} 0V1`).join(""));
    }
    const labels = ticks.map((at) => {
      const label = make("span", "", `${at.toFixed(digits)} s`);
      label.style.left = `${(100 * (at + edge)) / (end + 2 * edge)}%`;
      return label;
    });
    axis.replaceChildren(...labels);
  }

  onItems(model, (items, from) => {
    if (from === 0) reset(); // everything is redrawn
    const touched = new Set();
    for (const [name, run, at, detail] of items.slice(from)) {
      const row = rowOf(run, name);
      row.marked.push(`M${at} 0V1`);
      row.latest = detail;
      last = Math.max(last, at);
      touched.add(row);
    }
    for (const row of touched) {
      row.marks.setAttribute("d", row.marked.join(""));
      row.count.textContent = `× ${row.marked.length}`;
      row.detail.textContent = row.latest;
      row.detail.title = row.latest;
    }
    rescale();
    hint.textContent = items.length ? "" : "No events yet.";
    table.hidden = items.length === 0;
    const events = items.length === 1 ? "1 event" : `${items.length} events`;
    size.textContent = items.length ? `${events} · ${last.toFixed(2)} s` : "";
  });
}

export default patched({ initialize: receiveItems, render });
