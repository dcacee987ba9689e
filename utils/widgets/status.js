// The status line: the stages, and a sentence below them where something went wrong.

function initialize({ model }) {
  const running = () => model.get("run").outcome === "running";
  endWithKernel(model, running, () => {
    const { stages } = model.get("run");
    return { run: { stages: stopped(stages), outcome: "stopped", note: GONE } };
  });
}

function render({ model, el }) {
  el.classList.add("course-live", "course-status");
  const list = make("ol", "");
  list.setAttribute("aria-label", "Status");
  const note = makeWriting("div", "course-status-note");
  const heard = make("div", "course-heard"); // for screen readers: each stage once, no seconds
  heard.setAttribute("role", "status");
  el.append(list, note, heard);
  const draw = () => {
    const { stages, outcome, note: words } = model.get("run");
    el.dataset.outcome = outcome;
    drawStages(list, stages);
    note.setAttribute("role", outcome === "failed" ? "alert" : "note");
    if (note.textContent !== words) note.textContent = words;
    const now = stages.find(({ state }) => state === "now");
    const said = now ? [now.name, now.detail].filter(Boolean).join(": ") : outcome;
    if (outcome !== "ready" && heard.textContent !== said) heard.textContent = said;
  };
  model.on("change:run", draw);
  draw();
  return () => clearInterval(list.courseTick);
}

export default hearing({ initialize, render });
