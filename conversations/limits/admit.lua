-- Admits one request for all its subjects at once, or refuses it and takes nothing.
--
-- KEYS  for each subject its bucket (hash), then for each its running streams (sorted set), then the month (hash)
-- ARGV  a JSON array: requests, input tokens, output tokens that it asks for; the stream's id, or ''; a stream's lease
--       in ms; then for each subject: its name in the month, and its limits of requests, input tokens, output tokens,
--       streams, and the month's tokens and money; -1 where there is none
-- Returns numbers with spaces between: what, whose, wait in ms, for each subject what is left of requests, input tokens,
--       output tokens.
--       what: 0 admitted, 1 to 6 the limit that refused it in the order above, 7 the subject's month is not known here.
--       Of several refusals the one with the longest wait is told. -1 waits until the limit is changed.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local given = cjson.decode(ARGV[1])
local asked, stream, lease = {given[1], given[2], given[3]}, given[4], given[5]
local subjects = (#KEYS - 1) / 2
local month = KEYS[#KEYS]
local LONGEST = 1e15
local what, whose, wait = 0, 0, -1
local levels, limits = {}, {}

local function refuse(limit, subject, milliseconds)
    if milliseconds > wait then
        what, whose, wait = limit, subject, milliseconds
    end
end

for subject = 1, subjects do
    local first = 6 + (subject - 1) * 7
    local name, limit = given[first], {unpack(given, first + 1, first + 6)}
    for index, measure in ipairs({':tokens', ':money'}) do
        local budget = limit[4 + index]
        if budget >= 0 then
            local known = redis.call('HMGET', month, name .. ':known', name .. measure)
            if not known[1] then
                return '7 ' .. subject .. ' 0'
            end
            if tonumber(known[2] or 0) >= budget then
                refuse(4 + index, subject, LONGEST)
            end
        end
    end
    if stream ~= '' and limit[4] >= 0 then
        redis.call('ZREMRANGEBYSCORE', KEYS[subjects + subject], '-inf', now)
        if redis.call('ZCARD', KEYS[subjects + subject]) >= limit[4] then
            refuse(4, subject, limit[4] == 0 and LONGEST or 1000)
        end
    end
    local kept = redis.call('HMGET', KEYS[subject], '1', '2', '3', 'at')
    local past = kept[4] and math.max(0, now - kept[4]) or 0
    local level = {}
    for index = 1, 3 do
        local most = limit[index]
        if most >= 0 then
            level[index] = kept[index] and math.min(most, kept[index] + past * most / 60000) or most
            -- What is more than a whole bucket waits for a full one, and leaves a debt.
            local needed = math.min(asked[index], most)
            if asked[index] > 0 and most == 0 then
                refuse(index, subject, LONGEST)
            elseif asked[index] > 0 and level[index] < needed then
                refuse(index, subject, (needed - level[index]) * 60000 / most)
            end
        end
    end
    levels[subject], limits[subject] = level, limit
end

local told = {what, whose, string.format('%.0f', wait >= LONGEST and -1 or math.ceil(math.max(0, wait)))}
for subject = 1, subjects do
    local level, longest, kept = levels[subject], 0, {'at', now}
    for index = 1, 3 do
        if what == 0 and level[index] then
            level[index] = level[index] - asked[index]
            kept[#kept + 1] = index
            kept[#kept + 1] = string.format('%.3f', level[index])
            if limits[subject][index] > 0 then
                longest = math.max(longest, (1 - level[index] / limits[subject][index]) * 60000)
            end
        end
        told[#told + 1] = string.format('%.0f', level[index] and math.max(0, math.floor(level[index])) or -1)
    end
    if what == 0 then
        redis.call('HSET', KEYS[subject], unpack(kept))
        -- A bucket that is full again need not be kept: one that is not there is full.
        redis.call('PEXPIRE', KEYS[subject], math.ceil(longest) + 60000)
        if stream ~= '' and limits[subject][4] >= 0 then
            redis.call('ZADD', KEYS[subjects + subject], now + lease, stream)
            redis.call('PEXPIRE', KEYS[subjects + subject], lease)
        end
    end
end
return table.concat(told, ' ')
