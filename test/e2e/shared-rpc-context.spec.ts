import { Controller } from '@nestjs/common';
import {
  type CustomTransportStrategy,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  Server,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { FeatureFlag, FlagService, FlagshipModule, FlagValue } from 'nestjs-flagship';
import { isObservable, lastValueFrom } from 'rxjs';
import { subjectProvider } from '../fixtures/subject-provider';

interface Greeting {
  readonly user: string;
}

/** A transport that hands one and the same context to every message. */
class SharingTransport extends Server implements CustomTransportStrategy {
  private readonly context = {};
  listen(done: () => void): void {
    done();
  }
  close(): void {
    // It has opened nothing.
  }
  override on(): void {
    // It has no events.
  }
  override unwrap(): never {
    throw new Error('There is nothing inside.');
  }
  async deliver(pattern: string, data: Greeting): Promise<unknown> {
    const answer: unknown = await this.getHandlerByPattern(pattern)!(data, this.context);
    return isObservable(answer) ? lastValueFrom(answer) : answer;
  }
}

@Controller()
class GreetingController {
  constructor(private readonly flags: FlagService) {}

  @FeatureFlag('for-ann')
  @MessagePattern('greet')
  async greet(@Payload() _greeting: Greeting, @FlagValue('who', '') parameter: string) {
    return [parameter, await this.flags.getStringValue('who', 'nobody -')];
  }

  @MessagePattern('who')
  who(@Payload() _greeting: Greeting, @FlagValue('who', '') parameter: string) {
    return parameter;
  }
}

it.each(['interceptor', 'middleware', 'none'] as const)(
  'messages that share one context are each judged for their own payload (%s)',
  async (propagation) => {
    const testing = await Test.createTestingModule({
      imports: [
        FlagshipModule.forRoot({
          provider: subjectProvider().provider,
          propagation,
          contextFactory: (execution) => ({ targetingKey: execution.switchToRpc().getData<Greeting>().user }),
        }),
      ],
      controllers: [GreetingController],
    }).compile();
    const strategy = new SharingTransport();
    const settings: MicroserviceOptions = { strategy };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest types its options as a class
    const app = testing.createNestMicroservice<MicroserviceOptions>(settings);
    await app.listen();
    const send = (pattern: string, user: string) => strategy.deliver(pattern, { user });

    const service = propagation === 'none' ? 'nobody -' : 'ann -';
    expect(await send('greet', 'ann')).toEqual(['ann -', service]);
    await expect(send('greet', 'bob')).rejects.toBeDefined();
    const users = ['ann', 'bob', 'cat', 'bob'];
    const answers = await Promise.all(users.map((user) => send('who', user)));
    expect(answers).toEqual(users.map((user) => `${user} -`));
    await app.close();
  },
);
