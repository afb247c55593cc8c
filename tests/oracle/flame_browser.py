#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""flame_browser.py FILE.svg [REGEX]: uses a flame graph as people do, in a headless Chromium.

What must be seen is computed here, from the file and without its script. Prints TAP; exits with 77
where there is no browser, saying so. BROWSER is the one to take.
"""
import base64
import fcntl
import hashlib
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote, unquote

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SVG = "{http://www.w3.org/2000/svg}"
TIMEOUT = 60
CONTROL = 2


class Browser:
    """Chromium, driven through --remote-debugging-pipe: JSON that ends in NUL on fds 3 and 4."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="flame_browser.")
        ours, theirs = os.pipe(), os.pipe()
        # below 10 there may be a pipe of Popen's own
        stdin, stdout = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (ours[0], theirs[1]))

        def connect():
            os.dup2(stdin, 3)
            os.dup2(stdout, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--user-data-dir=" + self.profile, "--remote-debugging-pipe",
             "about:blank"],
            close_fds=False, preexec_fn=connect, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (stdin, stdout, ours[0], theirs[1]):
            os.close(fd)
        self.to, self.back = ours[1], theirs[0]
        self.last, self.rest, self.session, self.messages = 0, b"", None, []

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def read(self, deadline):
        if not select.select([self.back], [], [], max(0, deadline - time.monotonic()))[0]:
            raise TimeoutError("the browser does not answer")
        data = os.read(self.back, 1 << 20)
        if not data:
            raise EOFError("the browser has ended")
        *whole, self.rest = (self.rest + data).split(b"\0")
        self.messages += map(json.loads, whole)

    def wait(self, wanted):
        """The first message, from now or before, that is wanted, and that nobody has had."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            for i, message in enumerate(self.messages):
                if wanted(message):
                    return self.messages.pop(i)
            self.read(deadline)

    def send(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        return self.last

    def result(self, number):
        message = self.wait(lambda message: message.get("id") == number)
        if "error" in message:
            raise RuntimeError(message["error"]["message"])
        return message["result"]

    def call(self, method, **params):
        return self.result(self.send(method, **params))

    def open(self, url, width, height):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.resize(width, height)
        self.go(url)

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.until("location.href.split('#')[0] == %s && document.readyState == 'complete'" %
                   json.dumps(url.split("#")[0]))

    def until(self, expression):
        deadline = time.monotonic() + TIMEOUT
        while not self.js(expression):
            if time.monotonic() > deadline:
                raise TimeoutError("never true: " + expression)
            time.sleep(0.05)

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def js(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(expression + ": " + json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    # --- what people do ---

    def middle(self, element):
        return self.js("(e => { const r = e.getBoundingClientRect();"
                       "return {x: r.x + r.width / 2, y: r.y + r.height / 2}; })(%s)" % element)

    def point(self, element):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", **self.middle(element))

    def press(self, element):
        """Returns the number of the answer, which comes when what was clicked has done its work."""
        where = dict(self.middle(element), button="left", clickCount=1)
        self.call("Input.dispatchMouseEvent", type="mousePressed", **where)
        return self.send("Input.dispatchMouseEvent", type="mouseReleased", **where)

    def click(self, element):
        self.result(self.press(element))

    def press_key(self, key, code, modifiers=0):
        return self.send("Input.dispatchKeyEvent", type="rawKeyDown", key=key, code=key,
                         windowsVirtualKeyCode=code, modifiers=modifiers)

    def escape(self):
        self.result(self.press_key("Escape", 27))

    def answer(self, number, text):
        """Types text into the dialog that action `number` opens."""
        self.wait(lambda message: message.get("method") == "Page.javascriptDialogOpening")
        self.call("Page.handleJavaScriptDialog", accept=True, promptText=text)
        self.result(number)


class Box:
    def __init__(self, index, g):
        rect, self.title = g.find(SVG + "rect"), g.find(SVG + "title").text
        self.index = index
        self.name = self.title[:self.title.rindex(" (")]
        self.x, self.width = (float(rect.get(a).rstrip("%")) for a in ("x", "width"))
        self.y = float(rect.get("y"))
        self.element = "document.querySelectorAll('#frames > g')[%d]" % index

    def end(self):
        return self.x + self.width

    def holds(self, other):
        return self.y >= other.y and self.x <= other.x + 1e-3 and self.end() >= other.end() - 1e-3


def read_boxes(path):
    frames = ElementTree.parse(path).find(SVG + "g[@id='frames']")
    return [Box(i, g) for i, g in enumerate(frames)]


def to_click(boxes):
    """The widest that does not take the whole width and has others on top of it."""
    return max((b for b in boxes if b.width < 90 and sum(b.holds(o) for o in boxes) > 1),
               key=lambda b: (b.width, -b.y))


def share(boxes, pattern, within):
    """The part of a box, in percent, that lies in or under boxes whose names match."""
    end = covered = within.x
    for b in sorted(boxes, key=lambda b: b.x):
        if pattern.search(b.name):
            start, stop = max(end, b.x), min(b.end(), within.end())
            covered += max(0, stop - start)
            end = max(end, stop)
    return 100 * (covered - within.x) / within.width


class Test:
    def __init__(self, path, regex):
        self.path, self.boxes, self.regex = path, read_boxes(path), regex
        self.all, self.box = self.boxes[0], to_click(self.boxes)
        self.regex = regex or re.escape(self.box.name.split(" ")[0])
        self.height = max(b.y for b in self.boxes) + 60
        self.url = "file://" + quote(os.path.abspath(path))

    def check(self, what, got, wanted):
        if got != wanted:
            raise AssertionError("%s is %r, not %r" % (what, got, wanted))

    def near(self, what, got, wanted, tolerance=0.02):
        if abs(got - wanted) > tolerance:
            raise AssertionError("%s is %r, not %r" % (what, got, wanted))

    def text(self, element):
        return self.browser.js("document.getElementById('%s').textContent" % element)

    def seen(self):
        """Of each box: None if it is not shown, else left edge and width in percent of the window."""
        return self.browser.js(
            "Array.from(document.querySelectorAll('#frames > g')).map(g => {"
            " const r = g.querySelector('rect').getBoundingClientRect();"
            " return getComputedStyle(g).display == 'none' ? null :"
            " [r.x * 100 / innerWidth, r.width * 100 / innerWidth]; })")

    def check_zoomed(self, to):
        for b, seen in zip(self.boxes, self.seen()):
            name = "box %d, %s," % (b.index, b.name)
            if not b.holds(to) and not to.holds(b):
                self.check(name, seen, None)
                continue
            wanted = [0, 100] if b.holds(to) else [(b.x - to.x) * 100 / to.width,
                                                   b.width * 100 / to.width]
            if seen is None:
                raise AssertionError(name + " is hidden")
            for got, want in zip(seen, wanted):
                self.near(name, got, want, 0.2)

    def check_matched(self, zoomed=None, regex=None, flags=0):
        pattern = re.compile(regex or self.regex, flags)
        figures = [float(f) for f in re.findall(r"([\d.]+)%", self.text("matched"))]
        wanted = [share(self.boxes, pattern, b) for b in [self.all] + [zoomed] * bool(zoomed)]
        self.check("number of figures", len(figures), len(wanted))
        for got, want in zip(figures, wanted):
            self.near("matched", got, want)
        lit = self.browser.js("document.querySelectorAll('#frames > .hit').length")
        self.check("highlighted", lit, sum(bool(pattern.search(b.name)) for b in self.boxes))

    def hash(self):
        return unquote(self.browser.js("location.hash"))

    # --- the tests, in the order in which a person does it ---

    def test_fills_the_window(self):
        self.check_zoomed(self.all)
        self.check("title", self.browser.js("document.title"), self.text("title"))

    def test_text_fits(self):
        too_wide = self.browser.js(
            "Array.from(document.querySelectorAll('#frames > g')).filter(g =>"
            " getComputedStyle(g).display != 'none' && g.querySelector('text').textContent &&"
            " g.querySelector('text').getComputedTextLength() + 3 >"
            " g.querySelector('rect').getBoundingClientRect().width).length")
        self.check("texts wider than their boxes", too_wide, 0)

    def test_tooltip_and_details(self):
        self.check("tooltip", self.browser.js(self.box.element + ".querySelector('title').textContent"),
                   self.box.title)
        self.browser.point(self.box.element)
        self.check("details", self.text("details"), self.box.title.replace("\n", ", "))
        name, us, percent = re.fullmatch(r"(.*) \(([\d,.]+) us(?:/s)?, ([\d.]+)%\)\n"
                                         r"(?:[\d,]+\+? .*|[+-][\d,.]+ us/s, .*|as before)",
                                         self.box.title).groups()
        self.check("name", name, self.box.name)
        self.near("percent", float(percent), self.box.width)

    def test_a_click_zooms(self):
        self.browser.click(self.box.element)
        self.check_zoomed(self.box)
        self.check("address", self.hash(), "#zoom=%d" % self.box.index)
        self.test_text_fits()

    def test_a_search_while_zoomed(self):
        self.browser.answer(self.browser.press("document.getElementById('search')"), self.regex)
        self.check_zoomed(self.box)
        self.check_matched(self.box)

    def test_a_click_on_the_root_zooms_out(self):
        self.browser.click(self.all.element)
        self.check_zoomed(self.all)
        self.check_matched()
        self.check("address", self.hash(), "#search=" + self.regex)

    def test_ignore_case(self):
        other = re.escape(self.box.name.split(" ")[0]).swapcase()
        self.browser.answer(self.browser.press_key("f", 70, CONTROL), other)
        self.check_matched(regex=other)
        self.browser.click("document.getElementById('ignorecase')")
        self.check_matched(regex=other, flags=re.IGNORECASE)
        self.browser.click("document.getElementById('ignorecase')")
        self.check_matched(regex=other)

    def test_reset_zoom(self):
        self.browser.click(self.box.element)
        self.check_zoomed(self.box)
        self.browser.click("document.getElementById('unzoom')")
        self.check_zoomed(self.all)

    def test_keys(self):
        self.browser.escape()
        self.check("matched", self.text("matched"), "")
        self.browser.answer(self.browser.press_key("f", 70, CONTROL), self.regex)
        self.check_matched()
        self.browser.click(self.box.element)
        self.browser.escape()
        self.check("matched", self.text("matched"), "")
        self.check_zoomed(self.box)
        self.browser.escape()
        self.check_zoomed(self.all)

    def test_a_wrong_expression(self):
        self.browser.answer(self.browser.press_key("f", 70, CONTROL), "(")
        self.check("matched", self.text("matched"), "not a regular expression")
        self.browser.escape()
        self.check("matched", self.text("matched"), "")

    def test_the_way_back(self):
        self.browser.click(self.box.element)
        self.browser.js("history.back()")
        self.browser.until("location.hash == ''")
        self.browser.js("new Promise(requestAnimationFrame)")
        self.check_zoomed(self.all)

    def test_another_size(self):
        self.browser.resize(700, int(self.height))
        self.browser.js("new Promise(requestAnimationFrame)")
        self.check_zoomed(self.all)
        self.test_text_fits()

    def test_dark(self):
        def background():
            return self.browser.js("getComputedStyle(document.getElementById('background')).fill")
        self.check("background", background(), "rgb(255, 255, 255)")
        self.browser.call("Emulation.setEmulatedMedia",
                          features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.check("background", background(), "rgb(28, 28, 28)")

    def test_the_address_says_what_is_shown(self):
        self.browser.open("%s#zoom=%d&search=%s" % (self.url, self.box.index, quote(self.regex)),
                          1000, int(self.height))
        self.check_zoomed(self.box)
        self.check_matched(self.box)

    def test_nonsense_in_the_address(self):
        self.browser.js("location.hash = '#zoom=-1&search=%E0%A4%A&ignorecase&=&constructor=1'")
        self.browser.js("new Promise(done => setTimeout(done, 100))")
        self.check_zoomed(self.all)
        self.check("matched", self.text("matched"), "")

    def test_in_a_page_with_a_policy(self):
        """Only this script and this style: nothing is loaded, evaluated or in attributes."""
        svg = ElementTree.parse(self.path)
        policy = "default-src 'none'; script-src %s; style-src %s" % tuple(
            "'sha256-%s'" % base64.b64encode(hashlib.sha256(
                svg.find(SVG + tag).text.encode()).digest()).decode() for tag in ("script", "style"))
        page = os.path.join(self.browser.profile, "page.html")
        with open(page, "w") as f, open(self.path) as source:
            f.write("<!DOCTYPE html><meta charset=utf-8><meta http-equiv=Content-Security-Policy "
                    'content="%s"><body marginwidth=0 marginheight=0>%s' %
                    (policy, source.read().split("?>", 1)[1]))
        self.browser.go("file://" + quote(page))
        self.check("size of the title", self.browser.js(
            "getComputedStyle(document.getElementById('title')).fontSize"), "17px")
        self.check_zoomed(self.all)
        self.browser.click(self.box.element)
        self.check_zoomed(self.box)

    def test_without_script(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        self.browser.resize(1200, int(self.height))
        self.browser.go(self.url)
        self.check("search button", self.browser.js(
            "getComputedStyle(document.getElementById('search')).display"), "none")
        for b, seen in zip(self.boxes, self.seen()):
            self.near("left edge of " + b.name, seen[0], b.x, 0.2)
            self.near("width of " + b.name, seen[1], b.width, 0.2)
        self.test_text_fits()

    def run(self, browser):
        self.browser = browser
        browser.open(self.url, 1000, int(self.height))
        tests = [name for name in type(self).__dict__ if name.startswith("test_")]
        failed = 0
        for number, name in enumerate(tests, 1):
            try:
                getattr(self, name)()
                print("ok %d - %s" % (number, name[5:]), flush=True)
            except (AssertionError, RuntimeError, TimeoutError) as e:
                failed += 1
                print("# %s\nnot ok %d - %s" % (e, number, name[5:]), flush=True)
        print("1..%d" % len(tests))
        return failed


def main():
    names = [os.environ["BROWSER"]] if "BROWSER" in os.environ else BROWSERS
    program = next(filter(None, map(shutil.which, names)), None)
    if not program:
        print("no Chromium here")
        return 77
    test = Test(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    browser = Browser(program)
    try:
        return 1 if test.run(browser) else 0
    finally:
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
