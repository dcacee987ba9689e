// The one way in which widgets make elements.

// Makes an element; words are set as text, never as HTML, and run in their own direction.
function make(tag, className = "", words = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (words !== "") {
    element.textContent = words;
    element.dir = "auto";
  }
  return element;
}

// Makes an element whose words come later, or change.
function makeWriting(tag, className) {
  const element = make(tag, className);
  element.dir = "auto";
  return element;
}
