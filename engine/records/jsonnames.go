package records

import "bytes"

// nameSet holds the keys of all objects of one text. It is a hash table that is
// emptied by counting up, for there is one text a line.
type nameSet struct {
	slots []nameSlot // a power of two of them
	used  int
	text  uint64
}

type nameSlot struct {
	text   uint64 // another than the set's: the slot is free
	hash   uint64
	object uint64
	name   []byte
}

func (n *nameSet) clear() {
	n.text++
	n.used = 0
}

// add reports whether object had name before.
func (n *nameSet) add(hash, object uint64, name []byte) (had bool) {
	if n.used*2 >= len(n.slots) {
		n.grow()
	}
	slot := n.find(hash, object, name)
	if slot.text == n.text {
		return true
	}
	*slot = nameSlot{n.text, hash, object, name}
	n.used++
	return false
}

func (n *nameSet) find(hash, object uint64, name []byte) *nameSlot {
	mask := uint64(len(n.slots) - 1)
	for at := hash ^ object*0x9E3779B97F4A7C15; ; at++ {
		slot := &n.slots[at&mask]
		if slot.text != n.text || slot.hash == hash && slot.object == object && bytes.Equal(slot.name, name) {
			return slot
		}
	}
}

func (n *nameSet) grow() {
	old := n.slots
	n.slots = make([]nameSlot, max(128, 2*len(old)))
	for _, slot := range old {
		if slot.text == n.text {
			*n.find(slot.hash, slot.object, slot.name) = slot
		}
	}
}
