// needs: base/panel.js
//
// Text that only grows; each item of the synced list is one piece of it.

function render({ model, el }) {
  const text = announceGrowth(make("div", "course-text", ""), model.get("label"));
  const words = text.appendChild(document.createTextNode(""));
  const endClock = drawPanel(model, el, text, ["waiting"]);

  let drawn = 0; // the number of pieces drawn so far
  let followed = 0; // the scroll position last set by this script
  let byHand = false; // whether the reader has scrolled
  const moved = () => Math.abs(text.scrollTop - followed) > 2;
  text.addEventListener("scroll", () => (byHand ||= moved()));
  onItems(model, (pieces, from) => {
    if (!pieces.length) [followed, byHand] = [0, false];
    const first = words.length === 0; // a reply that arrives in one go is shown from the top
    const atEnd = text.scrollHeight - text.scrollTop - text.clientHeight <= 40;
    const scrolledUp = !atEnd && moved();
    if (from === drawn) words.appendData(pieces.slice(from).join(""));
    else words.data = pieces.join("");
    drawn = pieces.length;
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
