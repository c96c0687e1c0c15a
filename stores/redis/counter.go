package redis

import (
	"context"
	"maps"
	"strconv"
	"time"

	"thalamus/stores"
)

// increment adds ARGV[1] to KEYS[1], which expires in ARGV[2] ms when it is new. In one script, a counter cannot expire
// between both and then stay for ever.
var increment = newScript(`
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' and sum.err then
  for _, why in ipairs({'not an integer', 'overflow', 'WRONGTYPE'}) do
    if string.find(sum.err, why, 1, true) then return redis.error_reply('NOTCOUNTER ' .. why) end
  end
  return sum
end
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])
`)

func notCounter(err error) bool { return begins(err, "NOTCOUNTER") }

// Increment runs a script for each counter, all of them in one round trip unless a server has to learn the script.
func (c cache) Increment(ctx context.Context, s stores.Scope, by map[string]int64, ttl time.Duration) (map[string]int64, error) {
	if err := c.checkWrite(ctx, maps.Keys(by), ttl); err != nil {
		return nil, err
	}
	by = maps.Clone(by)
	return exchange(ctx, c.DB, func(ctx context.Context) (map[string]int64, error) {
		sums := make(map[string]int64, len(by))
		unlearned, err := c.increment(ctx, s, by, ttl, script.short, sums)
		if err == nil && len(unlearned) > 0 {
			_, err = c.increment(ctx, s, unlearned, ttl, script.long, sums)
		}
		return sums, err
	})
}

// increment adds to the sums what the servers answer, and gives back what was asked of servers that do not know the
// script.
func (c cache) increment(ctx context.Context, s stores.Scope, by map[string]int64, ttl time.Duration,
	form func(script, context.Context, []string, ...any) request, sums map[string]int64,
) (map[string]int64, error) {
	keys, commands := []string{}, []request{}
	for key, n := range by {
		keys = append(keys, key)
		commands = append(commands, form(increment, ctx, []string{c.key(s, key)}, n, milliseconds(ttl)))
	}
	err := c.batch(ctx, commands, func(err error) bool { return unknown(err) || notCounter(err) })
	if err != nil {
		return nil, err
	}
	unlearned := map[string]int64{}
	for i, key := range keys {
		switch err := commands[i].Err(); {
		case unknown(err):
			unlearned[key] = by[key]
		case err != nil:
			return nil, stores.NotCounter()
		default:
			if sums[key], err = strconv.ParseInt(commands[i].Val().(string), 10, 64); err != nil {
				return nil, err
			}
		}
	}
	return unlearned, nil
}
