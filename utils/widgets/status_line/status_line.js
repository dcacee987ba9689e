// needs: status_line/stages.js
//
// The stages, with a sentence below them if the run failed.

function initialize({ model }) {
  const running = () => model.get("state").outcome === "running";
  endWithKernel(model, running, () => {
    const { stages } = model.get("state");
    return { state: { stages: stopped(stages), outcome: "stopped", note: KERNEL_ENDED } };
  });
}

function render({ model, el }) {
  el.classList.add("course-live", "course-status");
  const list = make("ol", "");
  list.setAttribute("aria-label", "Status");
  const note = make("div", "course-status-note course-callout", "");
  const announcer = makeAnnouncer(); // announces each stage once, without its duration
  el.append(list, note, announcer);
  const draw = () => {
    const { stages, outcome, note: words } = model.get("state");
    el.dataset.outcome = outcome;
    drawStages(list, stages);
    announceFailure(note, outcome === "failed");
    write(note, words);
    const now = stages.find(({ state }) => state === "now");
    const announced = now ? [now.name, now.detail].filter(Boolean).join(": ") : outcome;
    if (outcome !== "ready") write(announcer, announced);
  };
  model.on("change:state", draw);
  draw();
  return () => clearInterval(list.courseTick);
}

export default patched({ initialize, render });
