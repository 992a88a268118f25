"""What lists, work lists, lights, summaries and searches cost as the cases grow to ten million.

`python tests/load/scale.py` fills one case database by SQL, step by step, and after each step asks
the case API the same questions in this process. Each question is judged by what does not depend on
what else the machine does, the statements it took and the pages PostgreSQL touched for them (by
EXPLAIN, the second run), and by its median time, as so many times that of `/readyz` just before.

History grows, work does not: from step to step the unfinished cases stay the same, as a bureau's
do; a last step multiplies them by ten, for what counts the unfinished ones to show its cost.
Names, phones, sites and matters are as unevenly shared as people share them: the name that is
sought is the commonest, one case in 4,500; the hall has a fifth of all cases.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.pages import Answer, Question, Watched

from case_service.app import SERVICE, create_app
from case_service.cases import party
from support.case_world import matter_content
from tongban.run.ports import free_port
from tongban.run.postgres import EmbeddedPostgres
from tongban.telemetry import configure_logging
from tongban.testing.district import TestDistrict

SIZES = (20_000, 1_000_000, 2_540_000, 10_000_000)
OPEN = 10_000
MATTERS, SITES, DEPARTMENTS = 327, 190, 25
AT_ONCE = 500_000
NAME, TAIL = "张伟", "0000"

# Case n, counted back from today. Everything is drawn from n itself, so that a run can be repeated.
ROWS = f"""
INSERT INTO cases (id, number, stage, district, owner_district, site_id, channel, matter_code,
  matter_name, matter_version, handling, department, statutory_days, promised_days,
  applicant_subject, applicant_kind, applicant_masked, identity_index, name_index, phone_index,
  sealed_party, situation_answers, evidence, proofs, submitted_by, received_by, accepted_by,
  reviewed_by, decided_by, helpers, agents, submitted_at, received_at, accepted_at, decided_at,
  closed_at, corrections, promised_due_on, statutory_due_on, is_provisional, running_clock, light,
  statutory_unit, suspensions, is_joint, tolerated, commitments, deemed_accepted, review_round,
  challenges, assigned_to, work_due_on, outcome, missing, documents, licence_operation, version,
  sequence, created_at, updated_at)
SELECT uuidv7(make_interval(secs => -20 * n)), '610171' || lpad(n::text, 15, '0'),
  CASE WHEN NOT is_open THEN 'closed'
    ELSE (ARRAY['submitted', 'received', 'accepted', 'accepted', 'reviewed', 'decided'])[1 + n % 6]
    END,
  '610171', '610171', CASE WHEN site > 0 THEN 'site-' || site END, 'window',
  'matter-' || matter, '食品经营许可（新办）', 1, 'promised',
  'bureau-' || matter % {DEPARTMENTS}, 20, 5,
  'citizen-' || n % 5000000, 'person', '张*', sha256(convert_to('id' || n % 5000000, 'UTF8')),
  CASE WHEN name = 0 THEN $3::bytea ELSE sha256(convert_to('name' || name, 'UTF8')) END,
  CASE WHEN tail = 0 THEN $4::bytea
    WHEN tail < 10000 THEN sha256(convert_to('tail' || tail, 'UTF8')) END,
  decode(repeat('ef', 250), 'hex'), '{{}}', '{{}}', '{{}}', clerk, clerk, clerk,
  'reviewer-' || n % 80, 'approver-' || n % 20, '[]', '[]', at, at, at,
  CASE WHEN NOT is_open THEN at + interval '3 day' END,
  CASE WHEN NOT is_open THEN at + interval '4 day' END, 0, at::date + 7, at::date + 28, false,
  CASE WHEN is_open THEN 'promised' END,
  CASE WHEN is_open THEN (ARRAY['green', 'green', 'green', 'yellow', 'red'])[1 + n % 5] END,
  'working_days', '[]', false, '[]', '[]', false, 0, '[]',
  CASE WHEN is_open AND n % 3 = 0 THEN clerk END,
  CASE WHEN is_open THEN at::date + 7 ELSE '9999-12-31' END,
  CASE WHEN NOT is_open THEN 'granted' END, '[]', '[]', 'first', 5, 6, at, at
FROM (
  SELECT n, n > $5 AND n <= $6 AS is_open,
    now() - make_interval(secs => 20 * n) AS at,
    'clerk-' || (site * 4 + n % 4) AS clerk, site, matter, name, tail
  FROM (
    SELECT n, floor({SITES} * power(random(), 2.3))::int AS site,
      floor({MATTERS} * power(random(), 2))::int AS matter,
      floor(20000000 * power(random(), 2))::int AS name,
      floor(random() * 12500)::int AS tail
    FROM generate_series($1::bigint, $2::bigint) AS n
  ) AS drawn
) AS given
"""  # noqa: S608  # our own numbers alone


HALL = {"site": "site-1", "subject": "clerk-5"}
CLERK, SUPERVISOR = ("clerk",), ("supervisor",)
QUESTIONS = (
    Question("list: open, a clerk's", "cases?limit=100&open=true", CLERK, HALL),
    Question("list: all, a clerk's", "cases?limit=100", CLERK, HALL),
    Question("list: all, the district's", "cases?limit=100", SUPERVISOR, {}),
    Question("list: a matter's, a clerk's", "cases?limit=100&matter_code=matter-3", CLERK, HALL),
    Question("list: a rare matter's", "cases?limit=100&matter_code=matter-326", SUPERVISOR, {}),
    Question("list: accepted, open", "cases?limit=100&open=true&stage=accepted", SUPERVISOR, {}),
    Question("list: I took part in", "cases?limit=100&mine=true", CLERK, HALL),
    Question("list: a newcomer took part in", "cases?limit=100&mine=true", CLERK,
             {"site": "site-1", "subject": "newcomer"}),
    Question("list: a citizen's own", "me/cases?limit=100", ("citizen",), {"subject": "citizen-7"}),
    Question("by number", "cases?number=610171000000000012345", SUPERVISOR, {}),
    Question("work: mine", "worklists/mine?limit=50", CLERK, HALL),
    Question("work: my role's, clerk", "worklists/role?limit=50", CLERK, HALL),
    Question("work: my role's, reviewer", "worklists/role?limit=50", ("reviewer",), {}),
    Question("work: my department's", "worklists/department?limit=50", ("reviewer",),
             {"department": "bureau-3"}),
    Question("work: a site's", "worklists/site?limit=50", CLERK, HALL),
    Question("search: number", "worklists/site?q=610171000000000012345&open=false", SUPERVISOR, {}),
    Question("search: name, open", f"worklists/site?limit=50&q={NAME}", CLERK, HALL),
    Question("search: name, all", f"worklists/site?limit=50&q={NAME}&open=false", SUPERVISOR, {}),
    Question("search: phone tail, open", f"worklists/site?limit=50&q={TAIL}", CLERK, HALL),
    Question("search: phone tail, all, a clerk's",
             f"worklists/site?limit=50&q={TAIL}&open=false", CLERK, HALL),
    Question("search: phone tail, all", f"worklists/site?limit=50&q={TAIL}&open=false",
             SUPERVISOR, {}),
    Question("lights: the district's", "supervision/lights", SUPERVISOR, {}),
    Question("lights: a site's", "supervision/lights?site_id=site-1", SUPERVISOR, {}),
    Question("ratings: by site", "ratings/summary?by=site&limit=100", SUPERVISOR, {}),
    Question("ratings: by matter", "ratings/summary?by=matter&limit=100", SUPERVISOR, {}),
)  # fmt: skip


class World(Watched):
    """The case service with matters to handle."""

    async def open(self, stack: AsyncExitStack, database: str) -> None:
        await super().open(stack, database)
        await self._know_matters()

    async def _know_matters(self) -> None:
        content = json.dumps(matter_content())
        await self.sql.execute(
            "INSERT INTO matter_versions (code, version, sequence, state, effective_from,"
            " owner_district, content) SELECT 'matter-' || n, 1, 1, 'published', '2020-01-01',"
            " '610171', $1::jsonb FROM generate_series(0, $2::int) AS n",
            content, MATTERS,
        )  # fmt: skip
        await self.sql.execute(
            "INSERT INTO rating_tallies (site_id, window_id, matter_code, score_1, score_2,"
            " score_3, score_4, score_5) SELECT site, '', matter, 0, 0, 1, 3, 7"
            " FROM (SELECT '' UNION ALL SELECT 'site-' || generate_series(1, $1::int))"
            " AS sites (site), (SELECT '' UNION ALL SELECT 'matter-' ||"
            " generate_series(1, $2::int)) AS matters (matter)",
            SITES, MATTERS,
        )  # fmt: skip

    async def grow(self, start: int, end: int, *, finished: int, unfinished: int) -> float:
        """Add the cases `start`..`end`; those from `finished` to `unfinished` are open."""
        began = time.perf_counter()
        vault = self.context.vault
        name, tail = (
            vault.blind_index(one) for one in (party.name_sought(NAME), party.tail_sought(TAIL))
        )
        is_bulk = end - start > AT_ONCE
        indexes = await self.without_indexes("cases") if is_bulk else []
        for at in range(start, end + 1, AT_ONCE):
            last = min(at + AT_ONCE - 1, end)
            await self.sql.execute(ROWS, at, last, name, tail, finished, unfinished)
            print(f"  … {last:,} cases, {time.perf_counter() - began:,.0f} s", flush=True)
        await self.with_indexes(indexes)
        await self.sql.execute("VACUUM (ANALYZE) cases")
        await self.sql.execute("VACUUM (ANALYZE) matter_versions, rating_tallies")
        return time.perf_counter() - began


async def run(world: World, options: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        await world.open(stack, "case")
        first: dict[str, Answer] = {}
        largest = max(options.sizes)
        reached = 0
        steps = [(size, reached_open(options.open)) for size in sorted(options.sizes)]
        steps.append((largest + 9 * options.open, (largest, largest + 9 * options.open)))
        for size, (finished, unfinished) in steps:
            seconds = await world.grow(reached + 1, size, finished=finished, unfinished=unfinished)
            reached = size
            disk = await world.sql.fetchval("SELECT pg_database_size(current_database())")
            is_open = await world.sql.fetchval("SELECT count(*) FROM cases WHERE closed_at IS NULL")
            print(
                f"\n{size:,} cases, {is_open:,} of them open; filled in {seconds:,.0f} s,"
                f" {disk / 2**30:.1f} GiB\n", flush=True,
            )  # fmt: skip
            print(
                "| question | items | SQL | p50 ms | × /readyz | pages | × the smallest's pages |"
            )
            print("| --- | --: | --: | --: | --: | --: | --: |")
            for question in QUESTIONS:
                pulse = await world.pulse()
                answer = await world.ask(question)
                base = first.setdefault(question.name, answer)
                found = answer.body.get(
                    "items", answer.body.get("parts", answer.body.get("sites", ()))
                )
                print(
                    f"| {question.name} | {len(found)} | {answer.statements} |"
                    f" {answer.milliseconds:.1f} | {answer.milliseconds / pulse:.1f} |"
                    f" {answer.pages:,} | {answer.pages / max(base.pages, 1):.1f} |", flush=True,
                )  # fmt: skip
                if options.plans or answer.pages > 4 * max(base.pages, 50):
                    print(f"    {answer.plan}", flush=True)


def reached_open(count: int) -> tuple[int, int]:
    """Return between which two numbers cases are open: the newest."""
    return 0, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=lambda told: [int(one) for one in told.split(",")], default=SIZES
    )
    parser.add_argument("--open", type=int, default=OPEN, help="unfinished cases at every size")
    parser.add_argument("--plans", action="store_true", help="print every plan's scans")
    options = parser.parse_args()
    configure_logging("load", "error")
    with tempfile.TemporaryDirectory(prefix="tongban-scale-") as name:
        folder = Path(name)
        # PostgreSQL runs as a user of its own, who must reach its data.
        folder.chmod(0o755)
        server = EmbeddedPostgres(folder / "postgres", free_port(), fsync=False)
        server.start()
        try:
            district = TestDistrict(folder / "district")
            asyncio.run(run(World(SERVICE, create_app, server, district), options))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
