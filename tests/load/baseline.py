"""The baseline: pgbench with the inserts of one submission, on the same server, fsync on.

Idempotency key, case with timeline, ledger and outbox in one statement, the stored answer: what
the service sends, without the service.
"""

import asyncio
import re
import subprocess

from case_service.app import SERVICE
from tongban.migrate import migrate
from tongban.run.databases import ensure_database, url_for
from tongban.run.platform import Platform
from tongban.run.postgres import executables

SCRIPT = """
\\set key random(1, 9000000000000000000)
BEGIN;
INSERT INTO idempotency_keys (subject, operation, key, digest)
  VALUES ('bench', 'POST /api/v1/cases', (:key)::text, decode(repeat('ab', 32), 'hex'))
  ON CONFLICT DO NOTHING;
WITH made AS (
  INSERT INTO cases (id, number, stage, district, owner_district, site_id, channel, matter_code,
    matter_name, matter_version, handling, statutory_days, promised_days, applicant_kind,
    applicant_masked, identity_index, sealed_party, situation_answers, evidence, submitted_by,
    helpers, submitted_at, corrections, is_provisional, missing, documents, version, sequence)
  VALUES (uuidv7(), gen_random_uuid()::text, 'submitted', '610171', '610171', 'hitech-hall',
    'window', '11610131MB2Q71156L4000131011001', '食品经营许可（新办）', 1, 'promised', 20, 5,
    'person', '刘**', decode(repeat('cd', 32), 'hex'), decode(repeat('ef', 600), 'hex'),
    '{"has_agent": "no"}', '{}', 'bench', '[]', now(), 0, false, '[]', '[]', 1, 1)
  RETURNING id
), step AS (
  INSERT INTO timeline_entries (id, case_id, at, action, stage, actor, facts)
  SELECT uuidv7(), id, now(), 'submit', 'submitted', 'bench', '{}' FROM made RETURNING id
), noted AS (
  INSERT INTO ledger (id, at, actor, action, subject, payload)
  SELECT uuidv7(), now(), 'bench', 'submit', id::text, '{"stage": "submitted"}' FROM made
  RETURNING id
)
INSERT INTO outbox (id, aggregate, sequence, type, subject, payload, at)
  SELECT uuidv7(), 'case.case.' || id, 1, 'case.case.submitted.v1', 'case.case.submitted.' || id,
    jsonb_build_object('case_id', id, 'number', 'x', 'channel', 'window'), now()
  FROM made RETURNING position;
UPDATE idempotency_keys SET status = 201, headers = '{"etag": "1"}',
  body = decode(repeat('0f', 1500), 'hex')
  WHERE subject = 'bench' AND operation = 'POST /api/v1/cases' AND key = (:key)::text;
COMMIT;
"""


async def pgbench(platform: Platform, *, connections: int, seconds: int) -> float:
    """Return the transactions a second of the same inserts, on a database of their own."""
    admin = f"postgresql://postgres@127.0.0.1:{platform.ports.postgres}/postgres"
    await asyncio.to_thread(ensure_database, admin, "bench", password="bench")
    url = url_for(admin, "bench", password="bench")
    await migrate(url, SERVICE.migrations)
    script = platform.folder / "submission.sql"
    script.write_text(SCRIPT)
    command = [
        str(executables(None) / "pgbench"),
        "--no-vacuum",
        f"--client={connections}",
        "--jobs=2",
        f"--time={seconds}",
        f"--file={script}",
        "--host=127.0.0.1",
        f"--port={platform.ports.postgres}",
        "--username=bench",
        "bench",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    printed = (await process.communicate())[0].decode()
    found = re.search(r"tps = ([0-9.]+)", printed)
    if found is None:
        raise RuntimeError(printed)
    return float(found.group(1))
