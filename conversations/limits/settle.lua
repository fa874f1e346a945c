-- Puts right what was taken for a request, now that it is known what it used, and frees its stream.
--
-- KEYS  for each subject its bucket, then for each its running streams
-- ARGV  a JSON array: the stream's id, or ''; input tokens and output tokens to give back, or to take where below 0;
--       then for each subject its limits of input tokens and output tokens; -1 where there is none
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local given, subjects = cjson.decode(ARGV[1]), #KEYS / 2
for subject = 1, subjects do
    local bucket, longest = KEYS[subject], 0
    if given[1] ~= '' then
        redis.call('ZREM', KEYS[subjects + subject], given[1])
    end
    for index = 1, 2 do
        local back, most = given[1 + index], given[1 + subject * 2 + index]
        if back ~= 0 and most > 0 then
            local level = redis.call('HGET', bucket, index + 1)
            if level or back < 0 then
                level = (level or most) + back
                redis.call('HSET', bucket, index + 1, string.format('%.3f', level))
                longest = math.max(longest, (1 - level / most) * 60000)
            end
        end
    end
    if longest > 0 then
        -- A debt must not be forgotten before it is paid.
        redis.call('HSETNX', bucket, 'at', now)
        redis.call('PEXPIRE', bucket, math.max(redis.call('PTTL', bucket), math.ceil(longest) + 60000))
    end
end
return ''
