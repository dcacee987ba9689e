// Draws the badge: a dot and a few words. It is quiet for screen readers while it counts.

function render({ model, el }) {
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
  const write = (words = model.get("text")) => {
    if (badge.textContent !== words) badge.textContent = words;
  };
  model.on("change:phase", draw);
  model.on("change:text", () => model.get("counted") || write());
  draw();
  return counting(model, write);
}

export default hearing({ initialize: keepTime, render });
