-- What wrk sends for bench/ingest: events like those of insert.sql, one in each request.
--
--   wrk -s bench/event.lua … http://HOST:PORT/v1/usage/events

local models = {"swift-2", "heron-4", "albatross-1"}
local levels = {"fast", "smart", "deep"}
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("seed", threads)
end

function init()
    math.randomseed(seed + os.time())
    wrk.headers["Content-Type"] = "application/json"
end

local function id(kind, number)
    return string.format("00000000-0000-4000-800%d-%012d", kind, number)
end

function request()
    local thread, level = math.random(10000), math.random(3)
    local tokens_in, tokens_out = math.random(200, 8200), math.random(20, 1520)
    local agent = thread % 3 == 0 and string.format('"agent_id":"agent-%d",', thread % 10) or ""
    return wrk.format("POST", nil, nil, string.format(
        '{"resource_type":"ai","collection_id":"%s","user_id":"%s","bot_id":"%s","channel_id":"%s","thread_id":"%d",%s'
        .. '"detail":{"tokens_in":%d,"tokens_out":%d,"tokens_cached":%d,"cost_usd":%.6f,"job_type":"job-%02d",'
        .. '"model_level":"%s","model":"%s"}}',
        id(4, math.random(100)), id(1, 1 + thread % 1000), id(2, 1 + thread % 50), id(3, 1 + thread % 200), thread, agent,
        tokens_in, tokens_out, math.random(0, tokens_in), (tokens_in * 3 + tokens_out * 15) / 1e6, math.random(0, 11),
        levels[level], models[level]))
end

function done(summary, latency)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        "measured requests=%d duration_us=%d p50_us=%d p99_us=%d status_errors=%d socket_errors=%d\n",
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status, broken))
end
