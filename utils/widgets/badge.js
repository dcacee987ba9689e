// Draws the badge: a dot and a few words, beside its title. It is quiet for screen readers while it
// counts.

function render({ model, el }) {
  const title = model.get("title");
  if (title) {
    const words = document.createElement("div");
    words.className = "course-title";
    words.textContent = title;
    el.classList.add("course-head");
    el.append(words);
  }
  const badge = document.createElement("span");
  badge.className = "course-badge";
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
  return writeCounting(model, badge, "text");
}

export default hearing({ initialize: keepTime, render });
