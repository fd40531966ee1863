"use strict";
(() => {
  // What is under the pointer, touched or chosen with the keys is told in words below the chart: a touch screen shows no titles.
  const told = document.querySelector(".told");
  let chosen = null;
  const titled = (element) => {
    for (let at = element; at && at.closest; at = at.parentNode) {
      if (at.matches(".figures svg, .figures")) return null;
      const title = at.querySelector(":scope > title");
      if (title) return at;
    }
    return null;
  };
  const tell = (item) => {
    if (!told) return;
    told.hidden = !item;
    if (!item) return;
    const row = item.closest("[data-name]");
    const text = item.querySelector(":scope > title").textContent;
    told.textContent = row ? row.dataset.name + ": " + text : text;
  };
  const choose = (item) => {
    if (chosen) chosen.classList.remove("chosen");
    chosen = item;
    if (item) item.classList.add("chosen");
    tell(item);
  };
  const figures = document.querySelector(".figures");
  if (figures) {
    figures.addEventListener("pointerover", (event) => tell(titled(event.target) || chosen));
    figures.addEventListener("pointerleave", () => tell(chosen));
    figures.addEventListener("click", (event) => choose(titled(event.target)));
  }
  const left = (item) => item.getBoundingClientRect().left;
  const items = (row) =>
    [...row.children].filter((item) => item.querySelector(":scope > title")).sort((a, b) => left(a) - left(b));
  for (const scroll of document.querySelectorAll(".scroll")) {
    const rows = [...scroll.querySelectorAll(".row")].filter((row) => items(row).length);
    scroll.addEventListener("keydown", (event) => {
      const key = event.key;
      if (key === "Escape") return choose(null);
      if (!key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey || !rows.length) return;
      event.preventDefault();
      let next;
      if (!chosen || !scroll.contains(chosen)) {
        next = items(rows[0])[0];
      } else {
        const row = rows.indexOf(chosen.closest(".row"));
        if (key === "ArrowLeft" || key === "ArrowRight") {
          const all = items(chosen.closest(".row"));
          next = all[all.indexOf(chosen) + (key === "ArrowRight" ? 1 : -1)];
        } else {
          const other = rows[row + (key === "ArrowDown" ? 1 : -1)];
          const here = left(chosen);
          const near = (a, b) => (Math.abs(left(b) - here) < Math.abs(left(a) - here) ? b : a);
          next = other && items(other).reduce(near);
        }
      }
      if (!next) return;
      choose(next);
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  }
  // The two charts are of the same players and times: they scroll as one.
  const scrolls = [...document.querySelectorAll(".scroll")];
  const place = { top: 0, left: 0 };
  for (const scroll of scrolls) {
    scroll.addEventListener("scroll", () => {
      place.top = scroll.scrollTop;
      place.left = scroll.scrollLeft;
      for (const other of scrolls) {
        if (other !== scroll && other.offsetParent) other.scrollTo(place);
      }
    });
  }
  for (const button of document.querySelectorAll("input[name=shown]")) {
    button.addEventListener("change", () => {
      const { top, left } = place;
      choose(null);
      for (const scroll of scrolls) scroll.scrollTo({ top, left });
    });
  }
  // Zoom in time: every place on the axis is counted again from the one that the page came with.
  const WIDTH = 960;
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const BAR = /^M(-?[\d.]+) ([\d.]+)h([\d.]+)$/;
  const LINE = /^M(-?[\d.]+) (.*)$/;
  const make = (parent, tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    parent.append(element);
    return element;
  };
  const two = (number) => String(number).padStart(2, "0");
  const time = (seconds, fine) => {
    const text = Math.floor(seconds / 3600) + ":" + two(Math.floor(seconds / 60) % 60);
    return fine ? text + ":" + two(seconds % 60) : text;
  };
  const found = new Map();
  const original = (element, name) => {
    if (!found.has(element)) found.set(element, element.getAttribute(name));
    return found.get(element);
  };
  const axis = (figure, zoom) => {
    const head = figure.querySelector(".head");
    const grid = figure.querySelector(".grid");
    const high = head.height.baseVal.value;
    const length = Number(figure.dataset.length);
    const x = (seconds) => (seconds / length) * WIDTH * zoom;
    const step = STEPS.find((step) => x(step) >= 70) || STEPS[STEPS.length - 1];
    for (const old of head.querySelectorAll(":scope > .tick, :scope > text")) old.remove();
    let lines = "";
    for (let at = 0; at <= length; at += step) {
      make(head, "path", { class: "tick", d: "M" + x(at) + " " + (high - 4) + "v4" });
      lines += "M" + x(at) + " 0V" + grid.ownerSVGElement.height.baseVal.value;
      if (x(at) > WIDTH * zoom - 16) continue;
      make(head, "text", { class: x(at) < 16 ? "first" : "", x: x(at), y: high - 10 }, time(at, step < 60));
    }
    grid.setAttribute("d", lines);
  };
  const bands = (figure, zoom) => {
    for (const text of figure.querySelectorAll(".row > text")) text.remove();
    for (const path of figure.querySelectorAll(".row > path")) {
      const bar = BAR.exec(original(path, "d"));
      if (!bar) continue;
      // A hair of background stands between two bands, however near one looks.
      const hair = path.matches(".b") && bar[3] > 3 ? 1 : 0;
      const [left, wide] = [bar[1] * zoom, (Number(bar[3]) + hair) * zoom - hair];
      path.setAttribute("d", "M" + left + " " + bar[2] + "h" + wide);
      if (!figure.matches(".roomy") || !path.matches(".b")) continue;
      const name = /([^/]*) \d+:\d\d:\d\d–/.exec(path.textContent);
      if (!name || [...name[1]].length * 6 + 8 >= wide) continue;
      const text = make(path.parentNode, "text", { x: left + 4, y: bar[2] }, name[1]);
      path.after(text);
    }
  };
  const zoomTo = (zoom) => {
    for (const figure of document.querySelectorAll(".figures figure[data-length]")) {
      const scroll = figure.querySelector(".scroll");
      if (!scroll) continue;
      const wide = WIDTH * zoom;
      for (const svg of scroll.querySelectorAll(".head, .plot")) {
        svg.setAttribute("width", wide);
        svg.setAttribute("viewBox", "0 0 " + wide + " " + svg.getAttribute("height"));
      }
      scroll.querySelector(".stripes").setAttribute("width", wide);
      for (const use of scroll.querySelectorAll(".head use, .plot use")) use.setAttribute("x", original(use, "x") * zoom);
      for (const path of scroll.querySelectorAll(".line, .fault path, .hook")) {
        const line = LINE.exec(original(path, "d"));
        path.setAttribute("d", "M" + line[1] * zoom + " " + line[2]);
        const label = path.parentNode.querySelector(":scope > text");
        if (label && path.parentNode.matches(".fault")) label.setAttribute("x", line[1] * zoom + (label.matches(".left") ? -4 : 4));
      }
      axis(figure, zoom);
      bands(figure, zoom);
    }
  };
  const control = document.querySelector(".zoom");
  if (control && scrolls.length) {
    control.hidden = false;
    let zoom = 1;
    const [out, nearer] = control.querySelectorAll("button");
    const set = (next) => {
      const seen = scrolls.find((scroll) => scroll.offsetParent) || scrolls[0];
      const half = (seen.clientWidth - seen.querySelector(".names").clientWidth) / 2;
      // What is in the middle stays there; who looks at the beginning goes on looking at it.
      const left = place.left < 4 ? 0 : ((place.left + half) * next) / zoom - half;
      const top = place.top;
      zoom = next;
      zoomTo(zoom);
      for (const scroll of scrolls) scroll.scrollTo({ top, left });
      control.querySelector("output").textContent = zoom + "×";
      out.disabled = zoom <= 1;
      nearer.disabled = zoom >= 32;
    };
    out.disabled = true;
    out.addEventListener("click", () => set(zoom / 2));
    nearer.addEventListener("click", () => set(zoom * 2));
    let before = 1;
    window.addEventListener("beforeprint", () => {
      before = zoom;
      set(1);
    });
    window.addEventListener("afterprint", () => set(before));
  }
  // The lines of the table that hold every word of the input.
  const filter = document.querySelector(".filter");
  if (filter) {
    filter.hidden = false;
    const lines = [...document.querySelectorAll(".writes tbody tr")].map((line) => {
      const words = [...line.cells].map((cell) => cell.textContent).join(" ");
      return [line, words.toLowerCase()];
    });
    const input = filter.querySelector("input");
    const output = filter.querySelector("output");
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const [line, text] of lines) {
        line.hidden = !words.every((word) => text.includes(word));
        if (!line.hidden) shown += 1;
      }
      output.textContent = shown + " of " + lines.length;
    };
    input.addEventListener("input", apply);
    if (input.value) apply();
  }
})();
