// Draws formatted text block by block. The blocks are HTML that the kernel made safe: nothing in
// them can run or fetch. Blocks that did not change are left alone, so that a selection survives.

function render({ model, el }) {
  const text = make("div", "course-text course-markdown");
  text.tabIndex = 0;
  text.dataset.lmSuppressShortcuts = "true"; // arrow keys scroll here, not go to the next cell
  text.setAttribute("role", "log");
  text.setAttribute("aria-live", "polite");
  text.setAttribute("aria-label", model.get("label"));
  const end = frame(model, el, text);
  follow(model, (blocks, from) =>
    keepsUp(text, () => {
      while (text.children.length > from) text.lastChild.remove();
      for (const html of blocks.slice(from)) {
        fillWith(text.appendChild(make("div", "course-block")), html);
      }
    }),
  );
  return end;
}

export default hearing({ initialize: initializeFramed, render });
