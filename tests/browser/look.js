/* What a look at a page tells: its outline, and text that is hard to read. Called in the page. */
() => {
  const lightness = ([red, green, blue]) => {
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  };
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const isClear = (colour) => parts(colour)[3] === 0;
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return isClear(colour) && element.parentElement ? behind(element.parentElement) : colour;
  };
  const contrast = (element) => {
    const both = [getComputedStyle(element).color, behind(element)].map(parts).map(lightness);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
  const hasText = (element) =>
    element.matches("input, textarea") ||
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const shown = [...document.body.querySelectorAll("*")].filter((element) => element.checkVisibility());
  const name = (element) => `${element.localName} ${element.textContent.trim().slice(0, 40)}`;
  const count = (selector) => document.querySelectorAll(selector).length;
  const size = (element) => element.getBoundingClientRect();
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return {
    lang: document.documentElement.lang,
    h1: count("h1"),
    main: count("main"),
    header: count("body > header"),
    twice: ids.filter((id, index) => ids.indexOf(id) !== index),
    inline: count("[style], style, script:not([src])"),
    pale: shown.filter((element) => hasText(element) && contrast(element) < 4.5).map(name),
    tiny: shown.filter((element) => element.matches("button, .button, input:not([type=hidden]), nav a")
      && (size(element).height < 24 || size(element).width < 24)).map(name),
    background: getComputedStyle(document.body).backgroundColor,
  };
}
