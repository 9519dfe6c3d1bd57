// Package faulttest makes fail what a program stands on: the system calls of a child
// process one by one ([Child]), the network before a server ([Proxy]), and disks that
// are full ([SmallDisk]). The program under test is not changed for it, and knows
// nothing of it.
package faulttest
