"""A worker that is killed while a judge is thinking: another does the job, once."""

import os
import signal

from audit.cases.models import Finding
from conversations.models import Job
from tests.audit.judges import AUDIT, WELLBEING, asked_of_judge
from tests.support.broker import child_of, worker
from tests.support.waiting import until


def test_the_review_is_made_by_another_worker_once(say, judge, clean_queue, log_file):
    judge.script(AUDIT, "[[stall:20]]")
    turn = say("How long does an egg boil?")
    environment = {"PLUMBLINE_JUDGE_MODEL": "judge-1", "PLUMBLINE_JUDGE_BASE_URL": judge.url}
    try:
        with worker(log_file, environment) as first:
            until(lambda: asked_of_judge(judge, AUDIT), 40)
            assert not Job.objects.filter(turn=turn, kind="audit", done_at=None).get().done_at
            judge.script(AUDIT, "")
            os.kill(child_of(first), signal.SIGKILL)
            until(lambda: not Job.objects.filter(done_at=None).exists(), 60)
    except AssertionError:
        print(log_file.read_text(errors="replace")[-4000:])
        raise
    assert Finding.objects.filter(turn=turn, kind="audit").count() == 1
    assert Finding.objects.get(turn=turn, kind="audit").source == "judge"
    assert Finding.objects.get(turn=turn, kind="wellbeing").source == "judge"
    assert len(asked_of_judge(judge, AUDIT)) == 2
    assert len(asked_of_judge(judge, WELLBEING)) == 1
