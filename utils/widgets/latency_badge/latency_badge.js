// needs: base/clock.js base/dom.js base/screen_reader.js
//
// A title and a badge, which shows `text` and, while the reply is pending, a clock.

function initialize({ model }) {
  keepClockStart({ model });
  endWithKernel(model, () => isOpen(model), () => {
    const begun = model.get("phase") === "streaming" ? `${model.get("text")} · ` : "";
    return { phase: "stopped", text: `${begun}kernel ended` };
  });
}

function render({ model, el }) {
  const title = model.get("title");
  if (title) {
    el.classList.add("course-head");
    el.append(make("div", "course-title", title));
  }
  const badge = make("span", "course-badge", "");
  el.append(badge);
  const draw = () => {
    badge.dataset.phase = model.get("phase");
    announceEnd(badge, isOpen(model));
  };
  model.on("change:phase", draw);
  draw();
  // The Stop button beside the badge is an ipywidget, which stays enabled when the kernel ends.
  const disableStop = () => {
    const live = el.closest(".course-live");
    for (const stop of live?.querySelectorAll("button.course-stop") ?? []) {
      Object.assign(stop, { disabled: true, title: KERNEL_ENDED });
    }
  };
  model.on("change:gone", disableStop);
  if (model.get("gone")) requestAnimationFrame(disableStop);
  const streaming = (seconds) => `${model.get("text")} · ${seconds} so far`;
  return writeClock(model, badge, "text", { waiting, streaming });
}

export default patched({ initialize, render });
