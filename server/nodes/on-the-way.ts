/**
 * So long after its connection has ended, or its room or node has, whoever is on the way to another node is still there for the
 * others, in ms: an unchanged provider waits for a second, then come a handshake and what that node says of it. With what it takes to find
 * out that a node was killed it is under ten seconds.
 */
export const ON_THE_WAY = 2_000
