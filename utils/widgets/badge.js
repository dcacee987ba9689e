// Draws the badge: a dot and a few words, beside its title. It is quiet for screen readers while it
// counts.

function initialize({ model }) {
  keepTime({ model });
  endWithKernel(model, () => isOpen(model), () => {
    const begun = model.get("phase") === "streaming" ? `${model.get("text")} · ` : "";
    return { phase: "stopped", counted: "", text: `${begun}kernel ended` };
  });
}

function render({ model, el }) {
  const title = model.get("title");
  if (title) {
    el.classList.add("course-head");
    el.append(make("div", "course-title", title));
  }
  const badge = makeWriting("span", "course-badge");
  el.append(badge);
  const draw = () => {
    const phase = model.get("phase");
    const open = phase === "waiting" || phase === "streaming";
    badge.dataset.phase = phase;
    badge.setAttribute("role", open ? "timer" : "status");
    badge.setAttribute("aria-live", open ? "off" : "polite");
  };
  model.on("change:phase", draw);
  draw();
  // A Stop button beside it is the library's own, and stays as it was when the kernel ends.
  const disableStop = () => {
    const live = el.closest(".course-live, .course-race");
    for (const stop of live?.querySelectorAll("button.course-stop") ?? []) {
      Object.assign(stop, { disabled: true, title: GONE });
    }
  };
  model.on("change:gone", disableStop);
  if (model.get("gone")) requestAnimationFrame(disableStop);
  return writeCounting(model, badge, "text");
}

export default hearing({ initialize, render });
