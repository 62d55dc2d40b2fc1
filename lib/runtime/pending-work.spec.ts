import { useFakeTime } from '../../test/fixtures/fake-time';
import { PendingWork } from './pending-work';

const stopTime = useFakeTime();
const partsOf = (work: PendingWork<string>): string[] => {
  const parts: string[] = [];
  work.forEach((part) => parts.push(part));
  return parts;
};

describe('work under way', () => {
  it('is what has been added and not removed', () => {
    const work = new PendingWork<string>();
    work.add('one', 1000);
    work.add('two', 1000);
    work.delete('one');
    expect(partsOf(work)).toEqual(['two']);
    work.clear();
    expect(partsOf(work)).toEqual([]);
  });

  it('may remove itself while it is interrupted', () => {
    const work = new PendingWork<string>();
    work.add('one', 1000);
    work.add('two', 1000);
    const interrupted: string[] = [];
    work.forEach((part) => {
      work.delete(part);
      interrupted.push(part);
    });
    expect(interrupted).toEqual(['one', 'two']);
    expect(partsOf(work)).toEqual([]);
  });

  it('is forgotten when more comes, long after its time limit', () => {
    stopTime();
    const work = new PendingWork<string>();
    work.add('one', 1000);
    jest.advanceTimersByTime(1999);
    work.add('two', 1000);
    expect(partsOf(work)).toEqual(['one', 'two']);
    jest.advanceTimersByTime(1);
    work.add('three', 1000);
    expect(partsOf(work)).toEqual(['two', 'three']);
  });
});
