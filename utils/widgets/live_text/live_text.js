// needs: base/panel.js
//
// Text that only grows: the only item of the synced list.

function render({ model, el }) {
  const text = announceGrowth(make("div", "course-text", ""), model.get("label"));
  const words = text.appendChild(document.createTextNode(""));
  const endClock = drawPanel(model, el, text, ["waiting"]);

  let followed = 0; // the scroll position last set by this script
  let byHand = false; // whether the reader has scrolled
  const moved = () => Math.abs(text.scrollTop - followed) > 2;
  text.addEventListener("scroll", () => (byHand ||= moved()));
  onItems(model, ([all = ""]) => {
    if (!all) [followed, byHand] = [0, false];
    const first = words.length === 0; // a reply that arrives in one go is shown from the top
    const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight <= 40;
    const scrolledUp = !atEnd && moved();
    if (all.startsWith(words.data)) words.appendData(all.slice(words.length)); // keeps the reader's selection
    else words.data = all;
    if (first || scrolledUp) return;
    text.scrollTop = text.scrollHeight;
    followed = text.scrollTop;
  });
  model.on("change:at_rest", () => { // all replies in a race have ended
    if (!model.get("at_rest") || byHand) return;
    const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
    text.scrollTo({ top: 0, behavior: reducedMotion ? "auto" : "smooth" });
  });
  return endClock;
}

export default patched({ initialize: initializePanel, render });
