-- Says that a process lives, and that its streams still run. What is not said again in time is taken for gone.
--
-- KEYS  the processes (sorted set), then sets of running streams
-- ARGV  a JSON array: the process; the lease in ms; then for each set how many streams of it run, and their ids
-- Returns how many processes live, as text.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local given = cjson.decode(ARGV[1])
local lease = given[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + lease, given[1])
local at = 3
for index = 2, #KEYS do
    for stream = at + 1, at + given[at] do
        redis.call('ZADD', KEYS[index], now + lease, given[stream])
    end
    redis.call('PEXPIRE', KEYS[index], lease)
    at = at + 1 + given[at]
end
return tostring(redis.call('ZCARD', KEYS[1]))
