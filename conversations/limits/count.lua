-- Takes what was used in a month into its counters. A row is what one key used of one model in one day so far, as the
-- database has it: rows may come twice, late or out of order, and only what is new in them counts.
--
-- KEYS  the month
-- ARGV  a JSON array: how long it is kept, in ms; the name of a subject whose rows are all here now, or '';
--       then for each row: its name, its tokens, its money, and the names of the three subjects that it counts for
-- Returns for each row the tokens and the money of each of the three: numbers with spaces between.
local month, totals, given = KEYS[1], {}, cjson.decode(ARGV[1])
for first = 3, #given, 6 do
    local row, tokens, money = given[first], given[first + 1], given[first + 2]
    local old_tokens, old_money = string.match(redis.call('HGET', month, row) or '0 0', '(%d+) (%d+)')
    local more = {tokens = math.max(0, tokens - old_tokens), money = math.max(0, money - old_money)}
    if more.tokens > 0 or more.money > 0 then
        redis.call('HSET', month, row, string.format('%.0f %.0f', tokens, money))
    end
    for index = 3, 5 do
        for _, measure in ipairs({'tokens', 'money'}) do
            local counter = given[first + index] .. ':' .. measure
            local total = redis.call('HINCRBY', month, counter, string.format('%.0f', more[measure]))
            totals[#totals + 1] = string.format('%.0f', total)
        end
    end
end
if given[2] ~= '' then
    redis.call('HSET', month, given[2] .. ':known', 1)
end
redis.call('PEXPIRE', month, given[1])
return table.concat(totals, ' ')
