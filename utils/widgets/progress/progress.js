// needs: base/anywidget_patch.js base/dom.js base/screen_reader.js
//
// A bar that fills up if the total is known and otherwise shows moving stripes.

// Formats the estimated time left, rounded because the estimate isn't precise.
function about(seconds) {
  if (seconds < 10) return `about ${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 90) return `about ${5 * Math.round(seconds / 5)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

function initialize({ model }) {
  const noteArrival = () => model.set("arrived", performance.now()); // of the state
  model.on("change:state", noteArrival);
  noteArrival();
  const running = () => model.get("state").phase === "running";
  endWithKernel(model, running, () => ({
    state: { ...model.get("state"), phase: "stopped", note: KERNEL_ENDED },
  }));
}

function render({ model, el }) {
  el.classList.add("course-live", "course-progress");
  const label = make("div", "course-progress-label", "");
  const bar = make("div", "course-bar");
  const fill = bar.appendChild(make("div", "course-bar-fill"));
  const figures = make("div", "course-progress-figures", "");
  const note = make("div", "course-progress-note course-callout", "");
  el.append(label, bar, figures, note);

  let ticking;
  const words = () => {
    const { phase, percent, counted, seconds, left } = model.get("state");
    const silence = (performance.now() - model.get("arrived")) / 1000;
    const running = phase === "running";
    let rest = left === null ? "" : about(left);
    if (left !== null && silence > left + 1) rest = "longer than expected";
    return [
      percent === null ? "" : `${percent}%`,
      counted,
      `${(seconds + (running ? silence : 0)).toFixed(1)} s`,
      running ? rest : phase,
    ].filter(Boolean).join(" · ");
  };
  const draw = () => {
    const { label: name, phase, known, percent, counted, note: sentence } = model.get("state");
    el.dataset.phase = phase;
    el.dataset.known = String(known);
    label.textContent = name;
    labelled(bar, "progressbar", name || "Progress");
    bar.setAttribute("aria-valuetext", percent === null ? counted || phase : `${percent}%, ${counted}`);
    if (percent === null) bar.removeAttribute("aria-valuenow");
    else bar.setAttribute("aria-valuenow", percent);
    // A total of 0 has no percentage.
    fill.style.width = known ? `${percent ?? (phase === "done" ? 100 : 0)}%` : "";
    announceFailure(note, phase === "failed");
    write(note, sentence);
    const tick = () => (figures.textContent = phase === "ready" ? "not started" : words());
    tick();
    clearInterval(ticking);
    if (phase === "running") ticking = setInterval(tick, 100);
  };
  model.on("change:state", draw);
  draw();
  return () => clearInterval(ticking);
}

export default patched({ initialize, render });
