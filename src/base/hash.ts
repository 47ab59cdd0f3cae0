import { createHash, createHmac } from 'node:crypto';

/** SHA-256 of text or bytes as 64 hex digits. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * Keyed hash (HMAC-SHA-256, 64 hex digits): equal inputs compare equal without revealing the input to who lacks the key.
 * @param key the installation key or a key of this process; at least 16 bytes
 */
export function keyedHash(key: Uint8Array, content: string): string {
  return createHmac('sha256', key).update(content).digest('hex');
}

/**
 * Git's id of a blob (git-hash-object(1): hash of `blob <size>\0` and the content).
 * @param objectFormat hash function of the repository
 */
export function blobId(content: Uint8Array, objectFormat: 'sha1' | 'sha256' = 'sha1'): string {
  return createHash(objectFormat).update(`blob ${content.length}\0`).update(content).digest('hex');
}
