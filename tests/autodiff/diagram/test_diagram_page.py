"""The page: all data inside, nothing from a network, and what a reader can do in a browser."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.diagram import Diagram
from autodiff.diagram._clusters import READABLE
from tests.autodiff.diagram.browser import Browser, program
from tests.autodiff.diagram.test_diagram_fold import chain
from tests.autodiff.slides import LEAVES, UNFOLDED, neuron


def net() -> Diagram:
    """Three layers in a model; the first layer's value is taken by both others."""
    rng = np.random.default_rng(0)
    w = [ad.Variable(rng.normal(size=(4, 4)), name=f"w{k}") for k in range(3)]
    x = ad.asarray(rng.normal(size=(5, 4)))

    @ad.name_scope("dense")
    def dense(x: Any, w: Any) -> Any:
        return ad.tanh(x @ w)

    with ad.GradientTape() as tape:
        tape.watch(x)
        with ad.name_scope("net"):
            h = dense(x, w[0])
            y = ad.add(dense(ad.multiply(h, 2.0) + h, w[1]), ad.negative(h))
        loss = ad.mean(y * y)
    return tape.diagram(loss, names={x: "x", h: "h", loss: "loss"}, depth=1, title="a <net> & more")


def inside(page: str) -> Any:
    """The data that a page carries."""
    found = re.search('<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_holds_all_and_asks_for_nothing(tmp_path: Path) -> None:
    diagram = net()
    path = Path(diagram.render("net.html", tmp_path, cleanup=True))
    page = path.read_text("utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["net.html"]
    assert page == diagram.html() == diagram.pipe("html", encoding="utf-8")
    assert "<title>a &lt;net&gt; &amp; more</title>" in page
    assert not re.search(r"(src|href)=|@import|url\((?!#)|fetch\(|XMLHttp|import\(", page)
    assert set(re.findall(r"https?://[\w./]+", page)) == {"http://www.w3.org/2000/svg"}
    data = inside(page)
    assert [node["id"] for node in data["nodes"]] == [n.id for n in diagram.picture.nodes]
    assert [wire["id"] for wire in data["wires"]] == [w.id for w in diagram.picture.wires]
    assert data["open"] == ["cluster0"]
    assert "$" not in re.sub("`[^`]*`", "", page.replace(page.split("</style>")[1], ""))


def test_notebooks_show_the_page_in_a_frame() -> None:
    diagram = net()
    framed = diagram.interactive(height=320)._repr_html_()
    (text,) = re.findall('<iframe srcdoc="([^"]*)" style="[^"]*height: 320px', framed)
    assert html.unescape(text) == diagram.html()


def test_the_one_wire_into_a_closed_cluster_has_the_sum_of_its_gradients() -> None:
    x = ad.Variable(3.0, name="x", dtype=ad.float64)
    with ad.GradientTape() as tape:
        with ad.name_scope("a"):
            y = x * x * x
        z = y + x
    diagram = tape.diagram(z, depth=0)
    data = inside(diagram.html())
    (stem,) = (wire for wire in diagram.picture.wires if wire.name == "x")
    assert data["sums"][f"{stem.id} cluster0"]["below"] == [["gradient", "27.00"]]
    drawn = [w for w in diagram.shown.picture.wires if w.head == "cluster0"]
    assert [wire.gradient for wire in drawn] == [27]


def test_large_pages_open_folded() -> None:
    tape, y = chain(1000)
    diagram = tape.diagram(y)
    data = inside(diagram.html())
    assert len(data["nodes"]) == len(diagram.picture.nodes) > 900
    shown = {cluster["id"] for cluster in data["clusters"] if cluster["level"] == 1}
    assert data["open"] == []
    assert 2 <= len(shown) < READABLE


NAMES = ["</script><b>", "<!--", "a&b", 'say "hi"', "$title", "nul\0, lone \ud800", "σ→∂"]


@pytest.mark.parametrize("name", NAMES)
def test_names_cannot_break_out(name: str) -> None:
    x = ad.Variable(1.0, name=name)
    with ad.GradientTape() as tape:
        y = ad.exp(x)
    page = tape.diagram(y, title=name).html()
    page.encode()  # whole text, no halves of letters
    assert page.count("</script>") == 2
    shown = " ".join(re.sub("[\0\ud800]", " ", name).split())
    assert inside(page)["nodes"][0]["label"] == shown


# -- in a browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if program() is None:
        pytest.skip("there is no Chromium that could be spoken to")
    with Browser() as found:
        yield found


def shown(browser: Browser, selector: str) -> list[str]:
    """The texts of what is to be seen."""
    script = f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)"
    return list(browser(script))


def test_the_neuron_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    diagram = neuron(unfolded=True)
    browser.open(Path(diagram.render("neuron.html", tmp_path, cleanup=True)))
    for wire in diagram.picture.wires:
        texts = shown(browser, f"#{wire.id} text")
        if wire.name in LEAVES:
            assert tuple(texts) == LEAVES[wire.name]
    labels = [tuple(shown(browser, f"#{w.id} text")) for w in diagram.picture.wires]
    assert labels[-5:] == UNFOLDED[1]
    above = "[...document.querySelectorAll('.label')].every(g => { const [a, b] = "
    above += (
        "[...g.querySelectorAll('text')].map(t => t.getBoundingClientRect().y); return a < b })"
    )
    assert browser(above)
    red = "[...document.querySelectorAll('.label .gradient:not(.hidden)')].length"
    browser.key("ArrowRight")
    assert browser(red) == 0
    browser.key("ArrowRight")
    assert browser(red) == 1
    browser.key("ArrowRight")
    assert shown(browser, "#caption") == ["1/x: upstream 1.00 → -0.53"]
    assert shown(browser, ".node.turn") == ["1/x"]
    for _ in range(20):
        browser.key("ArrowRight")
    assert browser(red) == len(diagram.picture.wires)
    times = next(n for n in diagram.picture.nodes if n.label == "×")
    browser.hover(f"#{times.id}")
    assert "multiply (swap multiplier)" in browser("document.getElementById('tip').textContent")
    browser.hover("#wire1")
    assert "gradient 0.393" in browser("document.getElementById('tip').textContent")
    browser.click("#leaf0")
    assert shown(browser, ".node.path") == [
        "w0",
        *["×", "+", "+", "×(−1)", "exp", "+1", "1/x", "f"],
    ]
    assert browser.complaints == []


def test_layers_open_and_close_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    diagram = net()
    browser.open(Path(diagram.render("net.html", tmp_path, cleanup=True)))
    assert shown(browser, "#picture .node.group .name") == ["dense", "dense (2)"]
    seen, count = len(diagram.shown.picture.nodes), len(diagram.picture.nodes)
    assert shown(browser, "#count") == [f"{seen} of {count} nodes"]
    (first,) = (c for c in inside(diagram.html())["clusters"] if c["label"] == "dense")
    browser.hover(f"#{first['id']}")
    tip = browser("document.getElementById('tip').textContent")
    assert tip.startswith("dense\n2 gates\n@, tanh; parameters w0 (4, 4)\n")
    browser.click(f"#{first['id']}")
    assert shown(browser, "#picture .node.group .name") == ["dense (2)"]
    assert "w0" in shown(browser, ".node.parameter")
    frame = f"document.querySelector('#{first['id']} > rect').getBoundingClientRect()"
    x, y, width, height = browser(f"(b => [b.x, b.y, b.width, b.height])({frame})")
    gates = [n.id for n in diagram.picture.nodes if n.scope == "net/dense"][:2]
    (leaf,) = (n.id for n in diagram.picture.nodes if n.label == "w0")
    for node in diagram.picture.nodes:
        if node.kind not in ("gate", "leaf") or not browser(
            f"!!document.getElementById('{node.id}')"
        ):
            continue
        at_x, at_y = browser.middle(f"#{node.id}")
        within = x < at_x < x + width and y < at_y < y + height
        assert within == (node.id in {leaf, *gates}), node
    browser.click(f"#{first['id']} .head")
    assert shown(browser, "#picture .node.group .name") == ["dense", "dense (2)"]
    browser.click("#open")
    assert shown(browser, "#picture .node.group") == []
    browser.click("#close")
    assert shown(browser, "#picture .node.group .name") == ["net"]
    browser("document.querySelector('#picture .node.group').focus()")
    browser.key("Enter")
    assert shown(browser, "#picture .node.group .name") == ["dense", "dense (2)"]
    assert browser.complaints == []


def test_pan_zoom_flow_and_theme_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    browser.open(Path(neuron().render("neuron.html", tmp_path, cleanup=True)))
    x, y = browser.middle("#leaf0")
    browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-200)
    assert browser("state.zoom") > 1.2
    near = browser.middle("#leaf0")
    assert abs(near[0] - x) < 3 > abs(near[1] - y)  # what is under the pointer stays there
    browser.mouse("mousePressed", 600, 500, button="left", buttons=1, clickCount=1)
    browser.mouse("mouseMoved", 650, 470, buttons=1)
    browser.mouse("mouseReleased", 650, 470, button="left", clickCount=1)
    moved = browser.middle("#leaf0")
    assert (round(moved[0] - near[0]), round(moved[1] - near[1])) == (50, -30)
    browser("(f => { f.value = 'backward'; f.dispatchEvent(new Event('change')); })(flow)")
    assert shown(browser, ".label .value") == []
    assert len(shown(browser, ".wire.back")) == 2 * 10
    before = browser("getComputedStyle(document.body).backgroundColor")
    browser.click("#theme")
    assert browser("getComputedStyle(document.body).backgroundColor") != before
    assert browser.complaints == []


LEAF_IN_VIEW = """(() => {
    const leaf = document.querySelector(".node.leaf").getBoundingClientRect();
    const view = document.getElementById("picture").getBoundingClientRect();
    return leaf.left > view.left && leaf.top > view.top && leaf.bottom < view.bottom;
})()"""


def test_a_thousand_nodes_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    tape, y = chain(1200)
    path = Path(tape.diagram(y).render("big.html", tmp_path, cleanup=True))
    start = time.perf_counter()
    browser.open(path)
    seconds = time.perf_counter() - start
    count = int(shown(browser, "#count")[0].split()[0])
    assert 10 < count <= READABLE
    browser.click("#picture .node.group")
    browser.click("#picture .node.group")
    assert int(shown(browser, "#count")[0].split()[0]) > count + 15
    browser.click("#open")
    assert browser(LEAF_IN_VIEW)
    drawn = int(browser("document.documentElement.dataset.drawn"))
    assert seconds < 20 > drawn / 1000, f"{seconds:.1f} s to open, {drawn} ms to draw"
    assert browser.complaints == []
