// gilprof's flame graph: zoom, search, details. Names come from the document's text only, and nothing
// is evaluated or loaded: a policy needs to allow this one script, by its hash, and its style.
(function () {
"use strict";
var svg = document.currentScript.ownerSVGElement;
var unzoom = byId("unzoom"), search = byId("search"), ignorecase = byId("ignorecase");
var details = byId("details"), matched = byId("matched");
var boxes = [], charWidth = 7.2;
var state = { zoom: 0, search: "", ignorecase: false };

function byId(id) {
	return svg.getElementById(id);
}

// --- boxes: in preorder, so the last one opened in the row below is the parent ---

function readBoxes() {
	var open = [];
	Array.prototype.forEach.call(byId("frames").children, function (g, index) {
		var rect = g.querySelector("rect"), title = g.querySelector("title").textContent;
		var box = {
			index: index, g: g, rect: rect, text: g.querySelector("text"), title: title,
			name: title.slice(0, title.lastIndexOf(" (")),
			x: parseFloat(rect.getAttribute("x")), y: parseFloat(rect.getAttribute("y")),
			width: parseFloat(rect.getAttribute("width"))
		};
		while (open.length && open[open.length - 1].y <= box.y)
			open.pop();
		box.parent = open[open.length - 1];
		open.push(box);
		g.setAttribute("data-index", index);
		boxes.push(box);
	});
}

function within(box, ancestor) {
	while (box && box !== ancestor)
		box = box.parent;
	return box === ancestor;
}

function columns(c) {
	return c.codePointAt(0) >= 0x1100 ? 2 : 1;
}

// The name in a box so many pixels wide; as the C side does it for those who have no script.
function fit(name, pixels) {
	var chars = Array.from(name), room = Math.floor((pixels - 6) / charWidth), used = 0, i;
	for (i = 0; i < chars.length && used <= room; i++)
		used += columns(chars[i]);
	if (used <= room)
		return name;
	if (room < 3)
		return "";
	while (used > room - 2)
		used -= columns(chars[--i]);
	return chars.slice(0, i).join("") + "..";
}

function place(box, x, width, pixels) {
	box.rect.setAttribute("x", x + "%");
	box.rect.setAttribute("width", width + "%");
	box.text.setAttribute("x", x + "%");
	box.text.textContent = fit(box.name, width * pixels / 100);
}

function zoom(index) {
	var to = boxes[index], pixels = svg.getBoundingClientRect().width || 1200;
	boxes.forEach(function (box) {
		var below = within(box, to), above = !below && within(to, box);
		box.g.classList.toggle("off", !below && !above);
		box.g.classList.toggle("up", above);
		if (above)
			place(box, 0, 100, pixels);
		else if (below)
			place(box, (box.x - to.x) / to.width * 100, box.width / to.width * 100, pixels);
	});
	unzoom.classList.toggle("off", index === 0);
}

// --- search ---

function percent(part, whole) {
	return (100 * part / whole).toFixed(2) + "%";
}

function overlap(a, b) {
	return Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x));
}

// A box counts once, however many of the boxes above it match, too.
function highlight(pattern) {
	var sum = 0, shown = 0, to = boxes[state.zoom];
	boxes.forEach(function (box) {
		var hit = !!pattern && pattern.test(box.name);
		box.inside = hit || (!!box.parent && box.parent.inside);
		box.g.classList.toggle("hit", hit);
		if (hit && !(box.parent && box.parent.inside)) {
			sum += box.width;
			shown += overlap(box, to);
		}
	});
	return "matched: " + percent(sum, boxes[0].width) +
		(to === boxes[0] ? "" : ", " + percent(shown, to.width) + " of what is shown");
}

function find() {
	var pattern = null, text = "";
	try {
		if (state.search)
			pattern = new RegExp(state.search, state.ignorecase ? "i" : "");
	} catch (e) {
		text = "not a regular expression";
	}
	text = text || highlight(pattern);
	matched.textContent = state.search ? text : "";
	search.textContent = state.search ? "reset search" : "search";
	ignorecase.classList.toggle("on", state.ignorecase);
}

// --- what is shown, also as the address has it ---

function show() {
	zoom(state.zoom);
	find();
}

function toHash() {
	return "#" + [["zoom", state.zoom || ""], ["search", state.search],
		["ignorecase", state.ignorecase ? 1 : ""]].filter(function (pair) {
		return pair[1] !== "";
	}).map(function (pair) {
		return pair[0] + "=" + encodeURIComponent(pair[1]);
	}).join("&");
}

function fromHash() {
	var seen = {};
	location.hash.slice(1).split("&").forEach(function (pair) {
		var at = pair.indexOf("=");
		try {
			seen[pair.slice(0, at)] = decodeURIComponent(pair.slice(at + 1));
		} catch (e) { /* typed by hand: as if it were not there */ }
	});
	state.zoom = boxes[+seen.zoom] ? +seen.zoom : 0;
	state.search = seen.search || "";
	state.ignorecase = seen.ignorecase === "1";
	show();
}

function change(key, value) {
	state[key] = value;
	show();
	try {
		if (toHash() !== (location.hash || "#"))
			location.hash = toHash();
	} catch (e) { /* a document without an address of its own */ }
}

// --- what people do ---

function ask() {
	var answer = prompt("Search for a regular expression, as in: ^take_gil|lock", state.search);
	if (answer !== null)
		change("search", answer);
}

function toggleSearch() {
	if (state.search)
		change("search", "");
	else
		ask();
}

function toggleCase() {
	change("ignorecase", !state.ignorecase);
}

function reset() {
	change("zoom", 0);
}

function boxAt(event) {
	var g = event.target.closest ? event.target.closest(".f") : null;
	return g && svg.contains(g) ? boxes[+g.getAttribute("data-index")] : null;
}

function onKey(event) {
	var key = event.key.toLowerCase(), control = event.ctrlKey || event.metaKey;
	if (key === "f3" || (control && key === "f"))
		ask();
	else if (control && key === "i")
		toggleCase();
	else if (key === "escape" && state.search)
		change("search", "");
	else if (key === "escape" && state.zoom)
		reset();
	else
		return;
	event.preventDefault();
}

function button(element, act) {
	element.addEventListener("click", act);
	element.addEventListener("keydown", function (event) {
		if (event.key === "Enter" || event.key === " ") {
			act();
			event.preventDefault();
		}
	});
}

function listen() {
	button(unzoom, reset);
	button(search, toggleSearch);
	button(ignorecase, toggleCase);
	svg.addEventListener("click", function (event) {
		var box = boxAt(event);
		if (box)
			change("zoom", box.index);
	});
	svg.addEventListener("mouseover", function (event) {
		var box = boxAt(event);
		details.textContent = box ? box.title.replace("\n", ", ") : "";
	});
	addEventListener("keydown", onKey);
	addEventListener("hashchange", fromHash);
	addEventListener("resize", function () {
		zoom(state.zoom);
	});
}

// From a fixed width to that of the window; the boxes are in percent of either.
function init() {
	svg.removeAttribute("viewBox");
	svg.setAttribute("width", "100%");
	readBoxes();
	if (!boxes.length)
		return;
	details.textContent = "0000000000";
	charWidth = details.getComputedTextLength() / 10 || charWidth;
	details.textContent = "";
	search.classList.remove("off");
	ignorecase.classList.remove("off");
	listen();
	fromHash();
}

init();
})();
