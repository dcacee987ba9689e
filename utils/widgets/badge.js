// Draws the badge: a dot and a few words. It is quiet for screen readers while it counts.

function render({ model, el }) {
  const badge = document.createElement("span");
  badge.className = "course-badge";
  el.append(badge);
  const draw = () => {
    const phase = model.get("phase");
    const counting = phase === "waiting" || phase === "streaming";
    badge.dataset.phase = phase;
    badge.setAttribute("role", counting ? "timer" : "status");
    badge.setAttribute("aria-live", counting ? "off" : "polite");
    badge.textContent = model.get("text");
  };
  model.on("change:text", draw);
  model.on("change:phase", draw);
  draw();
}

export default hearing({ render });
