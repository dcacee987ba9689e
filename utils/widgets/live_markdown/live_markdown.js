// needs: base/panel.js live_markdown/blocks.js
//
// Formatted text: each item in the model's list is a block of HTML, sanitized by the kernel so that
// it can't run code or fetch data. Unchanged blocks aren't redrawn, so a text selection survives.

function render({ model, el }) {
  const text = announceGrowth(make("div", "course-text course-markdown"), model.get("label"));
  const endClock = drawPanel(model, el, text);
  onItems(model, (blocks, from) =>
    keepAtEnd(text, () => {
      while (text.children.length > from) text.lastChild.remove();
      for (const html of blocks.slice(from)) {
        fillWith(text.appendChild(make("div", "course-block")), html);
      }
    }),
  );
  return endClock;
}

export default patched({ initialize: initializePanel, render });
