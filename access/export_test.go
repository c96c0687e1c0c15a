package access

import "time"

// LookEvery has the file looked at so often.
func (k *Keys) LookEvery(interval time.Duration) { k.interval = interval }

// LookAgain has the next caller look at the file.
func (k *Keys) LookAgain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
}
