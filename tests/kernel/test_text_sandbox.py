"""The bounded child: started late, replaced when it dies, never able to fail a request."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from app.kernel import text
from app.kernel.text import Profile, child, render, stop_renderer
from app.kernel.text import sandbox as sandbox_module
from app.kernel.text.sandbox import RenderFailed, Sandbox

COMMAND = (sys.executable, "-m", "app.kernel.text.child")
BUSY = "```perl\n" + "s{" * 4_900 + "\n```"


@pytest.fixture
def sandbox():
    # The child's own limits end a text. The parent's clock runs on a busy machine too, and has its tests.
    box = Sandbox(wall_seconds=60)
    yield box
    box.stop()


def request(source="**好**"):
    return {"source": source, "profile": "full", "id_prefix": "t1-", "images": {}}


def run(source):
    return render(source, profile=Profile.FULL, id_prefix="t1-")


def test_no_child_before_the_first_text(sandbox):
    assert sandbox.pid is None
    assert sandbox.ask(request()) == "<p><strong>好</strong></p>"
    assert sandbox.pid is not None


def test_one_child_serves_many_texts(sandbox):
    sandbox.ask(request())
    first = sandbox.pid
    sandbox.ask(request("二"))
    assert sandbox.pid == first


def test_the_web_process_never_loads_the_parser():
    code = (
        "import sys; from app.kernel.text import *;"
        "assert render('**a**', profile=Profile.FULL, id_prefix='t-').html; stop_renderer();"
        "print([m for m in ('markdown', 'nh3', 'pygments', 'latex2mathml') if m in sys.modules])"
    )
    assert os.popen(f'{sys.executable} -c "{code}"').read().strip() == "[]"


def test_the_child_sees_none_of_our_secrets(sandbox, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hidden")
    sandbox.ask(request())
    assert "SECRET_KEY" not in psutil.Process(sandbox.pid).environ()


def test_a_text_that_works_too_long_is_shown_as_typed_and_the_next_renders():
    rendered = run(BUSY)
    assert rendered.plain
    assert "text-notice" in rendered.html
    assert run("**好**").html == "<p><strong>好</strong></p>"


def test_a_deadly_text_kills_only_one_child(sandbox):
    with pytest.raises(RenderFailed, match="died"):
        sandbox.ask(request(BUSY))
    sandbox.ask(request())
    survivor = sandbox.pid
    with pytest.raises(RenderFailed, match="deadly"):
        sandbox.ask(request(BUSY))
    assert sandbox.pid == survivor


def test_the_child_is_bounded_in_memory(sandbox):
    sandbox.ask(request())
    limit = psutil.Process(sandbox.pid).rlimit(psutil.RLIMIT_AS)
    assert limit == (child.MEMORY_BYTES, child.MEMORY_BYTES)


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyError])
def test_whatever_the_parser_raises_is_answered(error):
    class Failing:
        def render(self, *_):
            raise error("secret text")

    assert child._answer(Failing(), request()) == {"error": error.__name__}


def test_a_child_that_does_not_answer_is_replaced(monkeypatch):
    monkeypatch.setattr(sandbox_module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(sandbox_module, "IDLE_SECONDS", 0.5)
    sandbox = Sandbox()
    sandbox.ask(request())
    os.kill(sandbox.pid, signal.SIGSTOP)
    with pytest.raises(RenderFailed, match="time"):
        sandbox.ask(request())
    assert sandbox.ask(request())
    sandbox.stop()


def test_a_child_killed_between_texts_is_replaced_unnoticed(sandbox):
    sandbox.ask(request())
    psutil.Process(sandbox.pid).kill()
    assert sandbox.ask(request()) == "<p><strong>好</strong></p>"


def killed_while_answering(source):
    """Render a text and kill the child before it can answer."""
    run("好")
    pid = text._sandbox.pid
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run, source)
        time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
        return waiting.result()


def test_a_child_killed_in_the_middle_is_asked_again():
    assert killed_while_answering("**中**").html == "<p><strong>中</strong></p>"


def test_children_that_die_each_time_cost_only_the_layout(monkeypatch):
    dying = "from app.kernel.text import child; child._answer = lambda *_: os.kill(os.getpid(), {})"
    for number in (signal.SIGKILL, signal.SIGSEGV):
        code = f"import os; {dying.format(number.value)}; child.main()"
        broken = Sandbox(command=(sys.executable, "-c", code))
        with monkeypatch.context() as patch:
            patch.setattr(text, "_sandbox", broken)
            rendered = run("**中**")
        assert rendered.plain
        assert "**中**" in rendered.html
    assert run("**中**").html == "<p><strong>中</strong></p>"


def test_an_idle_child_leaves_and_the_next_text_starts_another():
    sandbox = Sandbox(command=(*COMMAND, "0.1"))
    for number in range(3):
        assert sandbox.ask(request(str(number))) == f"<p>{number}</p>"
        psutil.Process(sandbox.pid).wait(20)
    sandbox.stop()


def test_a_child_leaves_when_its_parent_is_gone():
    code = (
        "from app.kernel import text;"
        "text.render('a', profile=text.Profile.FULL, id_prefix='t-');"
        "print(text._sandbox.pid, flush=True); import os; os.kill(os.getpid(), 9)"
    )
    pid = int(os.popen(f'{sys.executable} -c "{code}"').read())
    _, alive = psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], 20)
    assert not alive


def test_a_child_that_cannot_start_is_no_error():
    for command in [("/nonexistent/python",), (sys.executable, "-c", "raise SystemExit(1)")]:
        with pytest.raises(RenderFailed):
            Sandbox(command=command).ask(request())


def test_eight_threads_get_their_own_answers():
    sources = [f"**{n}** 和 `{n}`" for n in range(80)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(run, sources))
    expected = [f"<p><strong>{n}</strong> 和 <code>{n}</code></p>" for n in range(80)]
    assert [r.html for r in results] == expected


def test_an_interrupted_exchange_does_not_leak_its_answer(sandbox, monkeypatch):
    sandbox.ask(request())

    def interrupted(_connection):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("app.kernel.text.sandbox.wire.receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            sandbox.ask(request("秘密"))
    assert sandbox.ask(request("别的")) == "<p>别的</p>"


def test_a_forked_process_starts_its_own_child():
    run("好")
    parents = text._sandbox.pid
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        html = run("**子**").html
        os.write(writer, f"{text._sandbox.pid} {html}".encode())
        stop_renderer()
        os._exit(0)
    os.waitpid(pid, 0)
    forked, html = os.read(reader, 1_000).decode().split(" ", 1)
    assert html == "<p><strong>子</strong></p>"
    assert int(forked) != parents
    assert text._sandbox.pid == parents
    assert run("好").html == "<p>好</p>"


def test_a_fork_during_a_render_does_not_lock_the_new_process():
    started = threading.Event()

    def hold():
        with text._sandbox._lock:
            started.set()
            time.sleep(0.5)

    thread = threading.Thread(target=hold)
    thread.start()
    started.wait()
    pid = os.fork()
    if pid == 0:
        status = 0 if run("好").html == "<p>好</p>" else 1
        stop_renderer()
        os._exit(status)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_stopping_twice_is_harmless_and_the_next_text_renders():
    run("好")
    stop_renderer()
    stop_renderer()
    assert run("好").html == "<p>好</p>"


def test_two_children_give_the_same_bytes():
    source = (
        "# 标\n\n- [x] a\n\n![x](image:a) $x$ [^1]\n\n|a|\n|:-|\n|1|\n\n```py\nx\n```\n\n[^1]: n"
    )
    full = {"url": "/m/a.webp", "width": 1, "height": 2, "alt": "x"}
    answers = set()
    for _ in range(3):
        box = Sandbox()
        answers.add(box.ask({**request(source), "images": {"a": full}}))
        box.stop()
    assert len(answers) == 1


@pytest.mark.parametrize(("state", "rendered"), [("R", True), ("S", False)])
def test_a_busy_machine_is_waited_for_and_a_hanging_child_is_not(monkeypatch, state, rendered):
    # The child gets its turn after a second: on a busy machine it would run (R), a hanging one sleeps.
    slow = (
        "import socket, time; from app.kernel.text import wire; c = socket.socket(fileno=0); "
        "wire.send(c, {'ready': True}); wire.receive(c); time.sleep(1); wire.send(c, {'html': '<p>ok</p>'})"
    )
    monkeypatch.setattr(sandbox_module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(sandbox_module, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(sandbox_module, "_state", lambda _pid: state)
    box = Sandbox(command=(sys.executable, "-c", slow))
    try:
        if rendered:
            assert box.ask({"source": "x"}) == "<p>ok</p>"
        else:
            with pytest.raises(RenderFailed):
                box.ask({"source": "x"})
    finally:
        box.stop()
