// needs: nothing

// For live Markdown and the chat: fills an element with HTML that the kernel has sanitized. Each
// paragraph, list item and cell has its own text direction; code is always left-to-right. Wide code
// can be scrolled by keyboard.
function fillWith(element, html) {
  element.innerHTML = html;
  for (const part of element.querySelectorAll("p, li, h1, h2, h3, h4, h5, h6, th, td")) {
    part.dir = "auto";
  }
  for (const code of element.querySelectorAll("pre, code")) code.dir = "ltr";
  for (const code of element.querySelectorAll("pre")) code.tabIndex = 0;
}
