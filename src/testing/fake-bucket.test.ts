import t from 'tap';
import { bucketContract } from './contracts/bucket.contract.ts';
import { FakeBucket } from './fake-bucket.ts';

bucketContract(t, () => Promise.resolve(new FakeBucket()));
