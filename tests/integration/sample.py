"""A few events with known answers."""

from postgres import Postgres
from shipped import USER_ID

OTHER_ID = "0b0b0b0b-0000-4000-8000-000000000002"

# A window that never moves; its events are all inside.
SINCE, UNTIL = "2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z"
STATS = f"/v1/usage/stats?since={SINCE}&until={UNTIL}"
OVERVIEW = "/admin/usage?days=30"

EVENTS = """
insert into resource_usage_log (created_at, resource_type, collection_id, user_id, thread_id, detail)
select timestamptz '2026-03-02 00:00:00+00' + n * interval '1 hour', 'ai',
       (array['c0000000-0000-4000-8000-000000000001', null])[n %% 2 + 1]::uuid,
       (array[%s, %s])[n %% 2 + 1]::uuid, 'thread ' || n %% 5,
       jsonb_build_object('tokens_in', n, 'tokens_out', 2 * n, 'tokens_cached', n / 2, 'cost_usd', 0.25,
                          'job_type', 'chat', 'model_level', 'fast')
from generate_series(0, 239) as n
"""

# For the overview, whose window ends now: in the middle of it, far from its edges.
RECENT = """
insert into resource_usage_log (created_at, resource_type, collection_id, user_id, detail)
select now() - interval '10 days' - n * interval '1 minute',
       (array['ai', 'whisper', 'tts', 'cas', 'bandwidth', 'livekit', 'other'])[n %% 7 + 1],
       'c0000000-0000-4000-8000-000000000001', %s::uuid,
       jsonb_build_object('tokens_in', n, 'tokens_out', n, 'duration_seconds', n / 8.0, 'characters', n,
                          'size_bytes', n * 1000, 'participant_minutes', n / 2.0,
                          'job_type', 'chat', 'model_level', 'deep')
from generate_series(1, 140) as n
"""


def load(postgres: Postgres, dbname: str) -> None:
    postgres.sql("insert into nodes (id, title) values (%s, %s)",
                 "c0000000-0000-4000-8000-000000000001", "Kölner Straße", dbname=dbname)
    postgres.sql(EVENTS, USER_ID, OTHER_ID, dbname=dbname)
    postgres.sql(RECENT, USER_ID, dbname=dbname)


def load_more(postgres: Postgres, dbname: str) -> None:
    postgres.sql(EVENTS, USER_ID, OTHER_ID, dbname=dbname)
