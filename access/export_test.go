package access

import "time"

// LookAgain has the next caller look at the file.
func (k *Keys) LookAgain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
}
