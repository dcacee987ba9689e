// needs: nothing
//
// Helpers that create elements and set their text.

// Creates an element. `words` is set as text, never as HTML, and the browser detects its
// direction; pass "" if the text will be set later.
function make(tag, className = "", words) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (words !== undefined) {
    element.textContent = words;
    element.dir = "auto";
  }
  return element;
}

function makeButton(className, words, press) {
  const button = make("button", `course-button ${className}`, words);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

// Creates an SVG that fills its parent. Returns the SVG and one path per class name.
function makePaths(...classNames) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("preserveAspectRatio", "none");
  const paths = classNames.map((name) => {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("class", name);
    return svg.appendChild(path);
  });
  svg.setAttribute("aria-hidden", "true");
  return [svg, ...paths];
}

// Sets an element's text only if it changes, since screen readers repeat text that is set again.
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

// Calls `draw()`, then scrolls the box to its end unless the reader had scrolled up.
function keepAtEnd(box, draw) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  draw();
  if (atEnd) box.scrollTop = box.scrollHeight;
}
