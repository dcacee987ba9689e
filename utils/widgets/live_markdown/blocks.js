// needs: nothing

// Fills an element with HTML that the kernel made safe. Each paragraph, item and cell runs in its own
// direction, and code from left to right. A keyboard can scroll code that is wider than its box.
function fillWith(element, html) {
  element.innerHTML = html;
  for (const part of element.querySelectorAll("p, li, h1, h2, h3, h4, h5, h6, th, td")) {
    part.dir = "auto";
  }
  for (const code of element.querySelectorAll("pre, code")) code.dir = "ltr";
  for (const code of element.querySelectorAll("pre")) code.tabIndex = 0;
}
